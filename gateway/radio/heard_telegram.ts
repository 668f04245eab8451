import type { Outcome } from "../decode_outcome.ts";

/** A telegram that a receiver heard, as those are told who listen. */
export interface HeardTelegram {
  bus: string;
  /** UTC with milliseconds, when its last byte came. */
  readAt: string;
  /** The sender's secondary address: 16 hexadecimal digits. */
  address: string;
  /** From its L field, without CRCs. */
  frame: Uint8Array;
  /** In dBm; null where the receiver does not say it. */
  rssi: number | null;
  /** A repeater sent it: the same telegram was heard before. */
  repeated: boolean;
  /** What it says, as far as its key is known; null for one without readings. */
  outcome: Outcome | null;
}
