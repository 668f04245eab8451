import { randomSequence } from "../noise.ts";

/** What can happen to a telegram on its way. */
export type RadioFault =
  /** The receiver does not hear it. */
  | { kind: "lost" }
  /** A repeater sends it again. */
  | { kind: "repeated" }
  /** Bytes that belong to nothing come before it. */
  | { kind: "noise"; bytes: Uint8Array }
  /** A byte of what the receiver sends arrives changed. */
  | { kind: "corrupt"; at: number; mask: number }
  /** What the receiver sends arrives in pieces of so many bytes. */
  | { kind: "pieces"; size: number };

export type RadioFaultInjector = () => RadioFault | null;

/** How often each happens, between 0 and 1; together at most 1. */
export type RadioFaultRates = Partial<Record<RadioFault["kind"], number>>;

/** Faults at random, the same for the same seed. */
export function seededRadioFaults(seed: number, rates: RadioFaultRates): RadioFaultInjector {
  const random = randomSequence(seed);
  return () => {
    let left = random();
    const happens = (kind: RadioFault["kind"]) => {
      left -= rates[kind] ?? 0;
      return left < 0;
    };
    if (happens("lost")) return { kind: "lost" };
    if (happens("repeated")) return { kind: "repeated" };
    if (happens("noise")) {
      const bytes = Uint8Array.from({ length: 1 + Math.floor(12 * random()) }, () => Math.floor(256 * random()));
      return { kind: "noise", bytes };
    }
    if (happens("corrupt")) return { kind: "corrupt", at: random(), mask: 1 + Math.floor(255 * random()) };
    if (happens("pieces")) return { kind: "pieces", size: 1 + Math.floor(7 * random()) };
    return null;
  };
}
