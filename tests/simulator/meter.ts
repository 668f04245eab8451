import { clockText, dayText, encodeDateTime, encodeDay, lastDayBefore } from "./meter_clock.ts";
import { type Manners, standardManners } from "./manners.ts";
import type { MeterKind } from "./meter_kind.ts";
import { advance, type MeterState, newState } from "./meter_state.ts";
import { type Noise, noise } from "./noise.ts";
import { type DateRegister, dialText, encodeDigits, type Register, register } from "./register.ts";

/** Who a simulated meter is; `identification` are eight decimal digits. */
export interface MeterIdentity {
  manufacturer: string;
  identification: string;
  version: number;
  deviceTypeCode: number;
  primaryAddress: number;
  /** Eight digits, where it offers enhanced selection (EN 13757-3, 11.5). */
  fabricationNumber?: string;
}

/** One register of one answer, as a person would read it off the dial. */
export interface DialReading {
  label: string;
  /** Which telegram of the answer it is in, from 0. */
  telegram: number;
  quantity: string;
  unit: string;
  function: string;
  storageNumber: number;
  tariff: number;
  subunit: number;
  modifiers: string[];
  /** Counts registers of the same address within one answer, from 0. */
  occurrence: number;
  /** The exact decimal in `unit`. */
  value: string;
}

/** One date of one answer, in the meter's own local time. */
export interface DateReading {
  label: string;
  telegram: number;
  value: string;
}

/** One answer: the records of each telegram as bytes, and the same in words. */
export interface MeterAnswer {
  accessNumber: number;
  records: Uint8Array[];
  registers: DialReading[];
  dates: DateReading[];
}

/** The first record of every telegram: a number that no other answer of the segment has. */
const ANSWER_COUNTER = register("Answer", ["04", "FD 61"], [0, "cumulation_counter", ""], "answer");

/** In the first telegram of a meter that can be selected by it. */
const FABRICATION_NUMBER = register("Fabrication number", ["0C", "78"], [0, "fabrication_number", ""], "fabrication");

/** A meter whose counters follow the clock that it is asked with; they never fall. */
export class SimulatedMeter {
  readonly #noise: Noise;
  readonly state: MeterState;
  readonly manners: Manners;

  constructor(readonly identity: MeterIdentity, readonly kind: MeterKind, options: {
    seed: number;
    now: number;
    state?: MeterState;
    manners?: Partial<Manners>;
  }) {
    this.manners = { ...standardManners(options.seed), ...options.manners };
    this.#noise = noise(options.seed);
    this.state = options.state ?? newState(kind, this.#noise, options.now);
    identity.primaryAddress = this.state.primaryAddress ?? identity.primaryAddress;
    this.manners.baudRate = this.state.baudRate ?? this.manners.baudRate;
  }

  /** Reads all dials at `now`; `counter` goes into each telegram. */
  answer(now: number, counter: number): MeterAnswer {
    const { state } = this;
    const measured = advance(state, this.kind, this.#noise, now);
    state.accessNumber = (state.accessNumber + 1) % 256;
    const dials = {
      answer: counter,
      fabrication: Number(this.identity.fabricationNumber ?? 0),
      ...measured,
      ...state.counters,
      ...prefixed("due:", state.due),
      ...prefixed("max:", state.maxima),
    };
    const answer: MeterAnswer = { accessNumber: state.accessNumber, records: [], registers: [], dates: [] };
    for (const [telegram, rows] of this.kind.telegrams.entries()) {
      const extra = telegram === 0 && this.identity.fabricationNumber !== undefined ? [FABRICATION_NUMBER] : [];
      const parts = [ANSWER_COUNTER, ...extra, ...rows].map((row) => {
        const data = "date" in row ? this.#showDate(row, telegram, answer) : this.#show(row, dials, telegram, answer);
        return [...hex(row.dib), ...hex(row.vib), ...data];
      });
      answer.records.push(Uint8Array.from(parts.flat()));
    }
    return answer;
  }

  #show(row: Register, dials: Record<string, number>, telegram: number, into: MeterAnswer): Uint8Array {
    const dial = dials[row.dial];
    if (dial === undefined) throw new Error(`Cannot read dial: ${this.kind.name} has no "${row.dial}"`);
    // A counter shows only full digits; what is momentary is rounded.
    const steps = dial / 10 ** row.exponent;
    const counts = row.dial in this.kind.counters || row.dial.startsWith("due:");
    const digits = counts ? Math.floor(steps) : Math.round(steps);
    const { label, quantity, unit, storageNumber = 0, tariff = 0, subunit = 0 } = row;
    const { function: kind = "instantaneous", modifiers = [] } = row;
    const address = { quantity, unit, function: kind, storageNumber, tariff, subunit, modifiers: [...modifiers] };
    const occurrence = into.registers.filter((other) => sameAddress(other, address)).length;
    into.registers.push({ label, telegram, ...address, occurrence, value: dialText(row, digits) });
    return encodeDigits(row.dib, digits);
  }

  #showDate(row: DateRegister, telegram: number, into: MeterAnswer): Uint8Array {
    const at = this.state.at + (this.state.clockAheadMs ?? 0);
    const due = lastDayBefore(at);
    into.dates.push({ label: row.label, telegram, value: row.date === "due" ? dayText(due) : clockText(at) });
    return row.date === "due" ? encodeDay(due) : encodeDateTime(at);
  }
}

type Address = Omit<DialReading, "label" | "telegram" | "occurrence" | "value">;

function sameAddress(a: Address, b: Address): boolean {
  return a.quantity === b.quantity && a.unit === b.unit && a.function === b.function &&
    a.storageNumber === b.storageNumber && a.tariff === b.tariff && a.subunit === b.subunit &&
    a.modifiers.join(" ") === b.modifiers.join(" ");
}

function prefixed(prefix: string, values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(" ", ""));
}
