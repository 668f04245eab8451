import type { ReceiverName } from "./receivers/mod.ts";

/** What a wireless bus has done since the gateway started; they only rise. */
export interface RadioCounts {
  /** Telegrams that came, whosever they are. */
  heard: number;
  /** Of these, those that were taken into the spool. */
  taken: number;
  /** Repetitions of a telegram heard before. */
  repeated: number;
  /** Of meters that the list does not name. */
  foreign: number;
  /** Left out because the meter's interval has not passed. */
  surplus: number;
  /** Without readings: acknowledgements, commands to meters. */
  empty: number;
  /** What came and was no telegram, or had a wrong checksum. */
  spoilt: number;
  /** How often the receiver was reset or opened anew because it had gone silent. */
  resets: number;
}

/** How a wireless bus does. */
export interface RadioStatus {
  bus: string;
  receiver: ReceiverName;
  state: "opening" | "listening" | "silent";
  /** When the last telegram came, UTC; null before the first. */
  lastHeardAt: string | null;
  counts: RadioCounts;
}

/** The status of a bus that has not begun. */
export function newRadioStatus(bus: string, receiver: ReceiverName): RadioStatus {
  const counts = { heard: 0, taken: 0, repeated: 0, foreign: 0, surplus: 0, empty: 0, spoilt: 0, resets: 0 };
  return { bus, receiver, state: "opening", lastHeardAt: null, counts };
}
