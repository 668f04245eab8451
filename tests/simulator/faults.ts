import { randomSequence } from "./noise.ts";

/** What can happen to an answer on its way. */
export type Fault =
  | { kind: "drop" }
  | { kind: "delay"; ms: number }
  /** One byte of it arrives changed by exclusive or with `mask`. */
  | { kind: "corrupt"; offset: number; mask: number }
  /** A meter that was not asked answers: another primary address and another identification, the checksum right. */
  | { kind: "wrong_address" }
  /** It arrives twice in a row. */
  | { kind: "repeat" }
  /** Bytes that nobody sent arrive before it. */
  | { kind: "noise"; bytes: Uint8Array }
  /** The line carries nothing for so long; then it comes. */
  | { kind: "hang"; ms: number }
  /** Half of it arrives, and the adapter is pulled out. */
  | { kind: "unplug" };

/** An answer that is about to be sent. */
export interface Outgoing {
  what: "acknowledgement" | "telegram";
  bytes: Uint8Array;
}

/** Decides what happens to an answer; null lets it pass. */
export type FaultInjector = (outgoing: Outgoing) => Fault | null;

/** Every kind of fault that comes at random, in the order in which they are drawn. */
export const FAULT_KINDS = ["drop", "delay", "noise", "hang", "corrupt", "wrong_address", "repeat", "unplug"] as const;

/**
 * How often each happens, between 0 and 1; together at most 1. An acknowledgement, one byte, is neither corrupted nor
 * repeated, and nobody says who sent it.
 */
export interface FaultRates {
  drop?: number;
  delay?: number;
  corrupt?: number;
  wrong_address?: number;
  repeat?: number;
  noise?: number;
  hang?: number;
  unplug?: number;
}

/** Faults at random, the same for the same seed. `delayMs` is the longest delay, `hangMs` how long a line hangs. */
export function seededFaults(
  seed: number,
  rates: FaultRates,
  { delayMs = 500, hangMs = 30_000 } = {},
): FaultInjector {
  const random = randomSequence(seed);
  return ({ what, bytes }) => {
    let left = random();
    const happens = (kind: keyof FaultRates) => {
      left -= rates[kind] ?? 0;
      return left < 0;
    };
    if (happens("drop")) return { kind: "drop" };
    if (happens("delay")) return { kind: "delay", ms: Math.ceil(delayMs * random()) };
    if (happens("noise")) {
      return { kind: "noise", bytes: Uint8Array.from({ length: 1 + 3 * random() }, () => 256 * random()) };
    }
    if (happens("hang")) return { kind: "hang", ms: hangMs };
    if (what === "acknowledgement") return null;
    if (happens("corrupt")) {
      return { kind: "corrupt", offset: Math.floor(bytes.length * random()), mask: 1 + Math.floor(255 * random()) };
    }
    if (happens("wrong_address")) return { kind: "wrong_address" };
    if (happens("repeat")) return { kind: "repeat" };
    if (happens("unplug")) return { kind: "unplug" };
    return null;
  };
}

/** The bytes that arrive instead of `bytes`; empty when nothing does. */
export function spoil(bytes: Uint8Array, fault: Fault): Uint8Array {
  switch (fault.kind) {
    case "drop":
      return new Uint8Array();
    case "delay":
    case "hang":
      return bytes;
    case "noise":
      return Uint8Array.from([...fault.bytes, ...bytes]);
    case "unplug":
      return bytes.subarray(0, bytes.length >> 1);
    case "corrupt": {
      const spoiled = Uint8Array.from(bytes);
      spoiled[fault.offset] = (spoiled[fault.offset] ?? 0) ^ fault.mask;
      return spoiled;
    }
    case "wrong_address":
      return fromAnother(bytes);
    case "repeat":
      return Uint8Array.from([...bytes, ...bytes]);
  }
}

/** Offsets in a long frame with a long header: address 5, identification 7 to 10. */
function fromAnother(bytes: Uint8Array): Uint8Array {
  const spoiled = Uint8Array.from(bytes);
  if (spoiled[0] !== 0x68) return spoiled;
  spoiled[5] = ((spoiled[5] ?? 0) + 1) % 251;
  spoiled[10] = (spoiled[10] ?? 0) ^ 0x80;
  spoiled[spoiled.length - 2] = spoiled.subarray(4, -2).reduce((sum, byte) => (sum + byte) & 0xff, 0);
  return spoiled;
}
