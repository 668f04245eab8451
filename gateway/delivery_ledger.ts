import { inRanges, type Ranges } from "@mbus-gateway/wire";
import { type Backlog, backlog, type FreshRange } from "./backlog.ts";

export interface DeliveryLimits {
  /** The most readouts of one message. */
  messageReadouts: number;
  /** The most bytes of one message before compression, roughly; one readout goes whatever its size. */
  messageBytes: number;
  /** The most readouts that may be on their way before a first confirmation of them. */
  window: number;
  /** How long a first confirmation may take; each further attempt waits twice as long. */
  confirmMs: number;
  /** The longest wait between two attempts. */
  maxDelayMs: number;
  /** How often a readout may stay unconfirmed while others are confirmed, before it travels alone. */
  tries: number;
  /** How many readouts of a backlog go in a minute; what is taken meanwhile passes it. */
  backlogPerMinute: number;
}

export const DELIVERY_LIMITS: DeliveryLimits = {
  messageReadouts: 500,
  messageBytes: 256 * 1024,
  window: 2_000,
  confirmMs: 10_000,
  maxDelayMs: 600_000,
  tries: 5,
  backlogPerMinute: 6_000,
};

/** This part of the window is kept free of the backlog, for live readouts. */
const LIVE_SHARE = 1 / 4;

interface Entry {
  readonly seq: number;
  /** The place of its last attempt among all attempts of this process. */
  attempt: number;
  /** Between the publish and the broker's acknowledgement. */
  flying: boolean;
  /** Milliseconds on the caller's clock: no further attempt before. */
  due: number;
  /** Attempts without an answer: the exponent of its backoff. */
  unanswered: number;
  /** Attempts that stayed unconfirmed while others of the same connection were confirmed. */
  failures: number;
  /** Whether its last attempt was a message of its own, as the last chance. */
  alone: boolean;
  /** Whether its last attempt has been judged. */
  judged: boolean;
}

/**
 * Decides what is sent when, and when a readout is given up: a pure state machine over sequence numbers, without clock,
 * wire or disk. Every time is in milliseconds on the caller's monotonic clock.
 *
 * An attempt that stays unconfirmed says something about the readout only if the server was there: if something sent at
 * the same time or later on the same connection was confirmed. Then it is a failure of the readout; after `tries` of
 * them it travels alone, and if that fails too it is given up. Otherwise the server counts as away: one message at a
 * time goes out as a probe, smaller each time (so that a readout which spoils its whole message is left behind), after
 * growing waits, and nothing is given up. What is new is sent once all the same, within the window: no readout waits
 * behind a stuck one.
 */
export class DeliveryLedger {
  readonly #limits: DeliveryLimits;
  readonly #random: () => number;
  readonly #entries = new Map<number, Entry>();
  readonly #backlog: Backlog;
  #attempts = 0;
  /** The first attempt of this connection, and the latest of it that was confirmed. */
  #firstAttempt = 1;
  #lastConfirmed = 0;
  /** 0 while the server answers, else how many probes have gone without an answer. */
  #probes = 0;
  #nextProbe = 0;
  /** How often the limit of a message is halved, because connections ended before the broker's acknowledgement. */
  #halvings = 0;

  constructor(limits: DeliveryLimits = DELIVERY_LIMITS, random: () => number = Math.random) {
    this.#limits = limits;
    this.#random = random;
    this.#backlog = backlog({ perMinute: limits.backlogPerMinute, messageReadouts: limits.messageReadouts });
  }

  /** How many readouts have been sent and are neither confirmed, refused nor given up. */
  get outstanding(): number {
    return this.#entries.size;
  }

  /** Whether nothing that was sent lately has been confirmed. */
  get away(): boolean {
    return this.#probes > 0;
  }

  /** A connection has begun. What the last one left open is sent again soon, and judged afresh. */
  begin(now: number) {
    this.#firstAttempt = this.#attempts + 1;
    this.#lastConfirmed = 0;
    this.#nextProbe = 0;
    const due = now + this.#random() * this.#limits.confirmMs / 2;
    for (const entry of this.#entries.values()) Object.assign(entry, { flying: false, judged: true, due });
  }

  /**
   * The connection has ended. What the broker had not acknowledged may be what ended it.
   *
   * @returns the numbers that are given up.
   */
  end(): number[] {
    const flying = [...this.#entries.values()].filter((entry) => entry.flying);
    if (flying.length > 0) this.#halvings = Math.min(this.#halvings + 1, 20);
    return flying.filter((entry) => {
      entry.flying = false;
      entry.judged = true;
      return this.#lastConfirmed > 0 && this.#fail(entry);
    }).map((entry) => entry.seq);
  }

  /**
   * Where in the spool the next message of new readouts begins and how much it may hold; null while none may go. What
   * is taken now goes before what has gathered.
   *
   * @param newest the newest number that may be sent.
   */
  nextFresh(now: number, newest: number): FreshRange & { maxBytes: number } | null {
    this.#backlog.noteNewest(newest);
    const range = this.#nextRange(now);
    return range === null ? null : { ...range, maxBytes: this.messageBytes };
  }

  /** The range that {@linkcode nextFresh} gave holds nothing up to this number. */
  nothingUpTo(seq: number) {
    this.#backlog.empty(seq);
  }

  /** The most readouts of a message at present. */
  get messageReadouts(): number {
    return Math.max(1, this.#limits.messageReadouts >> this.#halvings);
  }

  /** The most bytes of a message at present. */
  get messageBytes(): number {
    return Math.max(1, this.#limits.messageBytes >> this.#halvings);
  }

  /**
   * Judges the attempts whose time is over.
   *
   * @returns the numbers that are given up.
   */
  judge(now: number): number[] {
    const givenUp: number[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.flying || entry.judged || entry.due > now) continue;
      entry.judged = true;
      if (this.#lastConfirmed >= entry.attempt) {
        if (this.#fail(entry)) givenUp.push(entry.seq);
      } else if (this.#probes === 0) {
        this.#probes = 1;
        this.#nextProbe = now;
      }
    }
    return givenUp;
  }

  /**
   * The numbers of the next message of readouts to be sent again, those that have waited longest first; none while none
   * is due. All or the first of them may be sent.
   */
  nextRetry(now: number): number[] {
    if (this.away && now < this.#nextProbe) return [];
    const due = [...this.#entries.values()].filter((entry) => !entry.flying && entry.judged && entry.due <= now);
    due.sort((a, b) => a.attempt - b.attempt || a.seq - b.seq);
    const first = due[0];
    if (first === undefined) return [];
    if (first.failures >= this.#limits.tries) return [first.seq];
    const probe = this.away ? Math.max(1, Math.ceil(this.#entries.size / 2 ** this.#probes)) : Infinity;
    // Those with a doubtful past do not drag along those without.
    const alike = due.filter((entry) => entry.failures === first.failures);
    return alike.slice(0, Math.min(this.messageReadouts, probe)).map((entry) => entry.seq);
  }

  /** A message with these numbers is being published. */
  published(seqs: readonly number[], now: number) {
    this.#attempts++;
    let probe = this.#room() <= 0;
    const fresh: number[] = [];
    for (const seq of seqs) {
      const entry = this.#entries.get(seq);
      probe ||= entry !== undefined;
      if (entry === undefined) fresh.push(seq);
      this.#entries.set(seq, {
        seq,
        attempt: this.#attempts,
        flying: true,
        due: Infinity,
        unanswered: entry?.unanswered ?? 0,
        failures: entry?.failures ?? 0,
        alone: entry !== undefined && entry.failures >= this.#limits.tries && seqs.length === 1,
        judged: false,
      });
    }
    if (fresh.length > 0 && !this.#backlog.sent(fresh, now)) probe = true;
    if (probe && this.away) this.#nextProbe = now + this.#delay(this.#probes++);
  }

  /** The broker has acknowledged the message. */
  acknowledged(seqs: readonly number[], now: number) {
    this.#halvings = Math.max(0, this.#halvings - 1);
    this.#landed(seqs, now);
  }

  /** The broker has refused the message on a connection that goes on: it may be too large. */
  refused(seqs: readonly number[], now: number) {
    this.#halvings = Math.min(this.#halvings + 1, 20);
    this.#landed(seqs, now);
  }

  /** A server holds these. */
  confirmed(held: Ranges, now: number) {
    let answered = false;
    for (const entry of [...this.#entries.values()]) {
      if (!inRanges(held, entry.seq)) continue;
      this.#entries.delete(entry.seq);
      if (entry.attempt < this.#firstAttempt) continue;
      answered = true;
      this.#lastConfirmed = Math.max(this.#lastConfirmed, entry.attempt);
    }
    if (answered && this.away) this.#returned(now);
  }

  /** These need no delivery any more: refused, parked, or gone from the spool. */
  forget(seqs: Iterable<number>) {
    for (const seq of seqs) this.#entries.delete(seq);
  }

  /** When there is something to judge, to send again or of the backlog; null while there is nothing of these. */
  nextDue(): number | null {
    let next = Infinity;
    for (const entry of this.#entries.values()) {
      if (entry.flying) continue;
      next = Math.min(next, entry.judged && this.away ? Math.max(entry.due, this.#nextProbe) : entry.due);
    }
    const backlogAt = this.away || this.#backlogRoom() <= 0 ? null : this.#backlog.nextAt();
    next = Math.min(next, backlogAt ?? Infinity);
    return next === Infinity ? null : next;
  }

  #nextRange(now: number): FreshRange | null {
    const room = this.#room();
    if (room > 0) {
      const live = this.#backlog.live(Math.min(room, this.messageReadouts));
      if (live !== null) return live;
    }
    if (!this.away) return this.#backlog.next(now, Math.min(this.#backlogRoom(), this.messageReadouts));
    // All in the window may be stuck for a reason of their own: a new one is a probe too.
    const mayProbe = now >= this.#nextProbe && this.#entries.size < 10 * this.#limits.window;
    return mayProbe ? this.#backlog.live(1) ?? this.#backlog.probe() : null;
  }

  #backlogRoom(): number {
    return this.#room() - Math.floor(this.#limits.window * LIVE_SHARE);
  }

  #landed(seqs: readonly number[], now: number) {
    // One draw: what travelled together is due together, and travels together again.
    const jitter = this.#random();
    for (const seq of seqs) {
      const entry = this.#entries.get(seq);
      if (!entry?.flying) continue;
      entry.flying = false;
      entry.due = now + this.#delay(entry.unanswered++, jitter);
    }
  }

  /** The server is back: it gets time to confirm what the broker kept for it, before that is sent again. */
  #returned(now: number) {
    this.#probes = 0;
    const due = now + this.#delay(0);
    for (const entry of this.#entries.values()) {
      if (entry.flying || entry.failures > 0) continue;
      entry.unanswered = 0;
      entry.due = due;
    }
  }

  /** The stuck do not fill the window, but they do not grow without end either. */
  #room(): number {
    let untried = 0;
    for (const entry of this.#entries.values()) if (entry.failures === 0) untried++;
    return Math.min(this.#limits.window - untried, 10 * this.#limits.window - this.#entries.size);
  }

  /** @returns whether the readout is given up. */
  #fail(entry: Entry): boolean {
    entry.failures++;
    if (entry.alone) this.#entries.delete(entry.seq);
    return entry.alone;
  }

  /** Between half of an exponentially growing time and all of it: apart from each other, and never at once. */
  #delay(exponent: number, jitter = this.#random()): number {
    const { confirmMs, maxDelayMs } = this.#limits;
    return Math.min(maxDelayMs, confirmMs * 2 ** Math.min(exponent, 30)) * (0.5 + jitter / 2);
  }
}
