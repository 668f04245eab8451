/** A stretch of time, in milliseconds since 1970, UTC; `end` is behind its last instant. */
export interface Span {
  start: number;
  end: number;
}

const HOUR_MS = 60 * 60 * 1000;

/** The calendar of a time zone: its days have 23, 24 or 25 hours, or half an hour more or less where clocks move so. */
export class Calendar {
  constructor(readonly timeZone: string) {}

  /** The day that an instant lies in. */
  dayOf(instant: number): Span {
    const day = this.#at(instant).toPlainDate();
    return { start: this.startOf(day), end: this.startOf(day.add({ days: 1 })) };
  }

  /** The days that a span touches, in order. */
  *days({ start, end }: Span): Generator<Span> {
    for (let at = start; at < end;) {
      const day = this.dayOf(at);
      yield day;
      at = day.end;
    }
  }

  /** The month that an instant lies in. */
  monthOf(instant: number): Span {
    const first = this.#at(instant).toPlainDate().with({ day: 1 });
    return { start: this.startOf(first), end: this.startOf(first.add({ months: 1 })) };
  }

  /**
   * The hours of a day by its clock: each begins where the minutes are 0. Where clocks move by a whole hour each has 60
   * minutes; where they move by half an hour, the hour in which they do has 90.
   */
  *hours({ start, end }: Span): Generator<Span> {
    for (let at = start; at < end;) {
      const next = Math.min(end, this.#nextFullHour(at));
      yield { start: at, end: next };
      at = next;
    }
  }

  /** Where a date begins, which is not midnight where clocks move over it. */
  startOf(day: Temporal.PlainDate): number {
    return day.toZonedDateTime(this.timeZone).epochMilliseconds;
  }

  #nextFullHour(instant: number): number {
    let at = instant + HOUR_MS - this.#pastFullHour(instant);
    for (let past = this.#pastFullHour(at); past !== 0; past = this.#pastFullHour(at)) at += HOUR_MS - past;
    return at;
  }

  #pastFullHour(instant: number): number {
    const { minute, second, millisecond } = this.#at(instant);
    return (minute * 60 + second) * 1000 + millisecond;
  }

  #at(instant: number): Temporal.ZonedDateTime {
    return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(this.timeZone);
  }
}
