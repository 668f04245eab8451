import type { Passage } from "../passage.ts";

/** A meter that answered in a scan. */
export interface FoundMeter {
  /** What to read it by: `p5`, or 16 hexadecimal digits, with `/` and its fabrication number where it needs that. */
  address: string;
  /** 16 hexadecimal digits; null when its telegram has no long header. */
  secondary: string | null;
  /** Three letters. */
  manufacturer: string | null;
  /** Eight digits. */
  identification: string | null;
  version: number | null;
  deviceType: string | null;
  /** Bits a second at which it was found. */
  baudRate: number;
}

/** What happens during a scan, as it happens. */
export type ScanEvent =
  /** `done` of `total` parts of the address space are known; `at` is the address asked now. */
  | { type: "progress"; done: number; total: number | null; at: string }
  | { type: "found"; meter: FoundMeter }
  /** More than one meter answered at once, or noise came in place of an answer. */
  | { type: "collision"; at: string };

export interface ScanOptions {
  space: "primary" | "secondary";
  /** Bits a second to look at, one after the other; by default the bus's own alone. */
  baudRates?: readonly number[];
  onEvent?: (event: ScanEvent) => void;
  /** Lets scheduled reading pass between two probes. */
  passage?: Passage;
}

/** What a scan costs: frames sent, and seconds on the line. */
export interface ScanCost {
  requests: number;
  seconds: number;
}

export interface ScanReport extends ScanCost {
  /** Seconds for which scheduled reading had the line in between; `seconds` and `requests` are without them. */
  passedSeconds: number;
  meters: FoundMeter[];
  /** Addresses at which several meters answer that nothing tells apart, or one that takes its address and is mute. */
  unresolved: string[];
  /** What the same meters would have cost somebody who knew the shortest way through their addresses. */
  lowerBound: ScanCost;
}
