import { idleMs, longestThoughtMs, shortestThoughtMs, transmissionMs } from "../link_timing.ts";
import type { Find } from "./find.ts";
import { PRIMARY_ADDRESSES } from "./primary_scan.ts";
import type { ScanCost, ScanOptions } from "./scan_report.ts";

/** Bytes of the requests: 10 C A checksum 16, and a selection of eight bytes, or of fourteen with a fabrication number. */
const SHORT = 5;
const SELECTION = 17;
const ENHANCED_SELECTION = 23;
const ACK = 1;

/** A part of the address: what this meter has there, and how many values a complete search asks for. */
interface Part {
  valueOf(find: Find): string;
  values(found: ReadonlySet<string>): number;
}

const digitAt = (at: number): Part => ({
  valueOf: ({ meter }) => meter.secondary?.[at] ?? "",
  // Ten, and those from A to E that are there: that the others are not, somebody who knows the meters knows.
  values: (found) => 10 + [..."ABCDE"].filter((digit) => found.has(digit)).length,
});

const PARTS: readonly Part[] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7].map(digitAt),
  { valueOf: ({ meter }) => meter.secondary?.slice(8, 12) ?? "", values: (found) => found.size },
  { valueOf: ({ meter }) => meter.secondary?.slice(12, 14) ?? "", values: () => 255 },
  { valueOf: ({ meter }) => meter.secondary?.slice(14, 16) ?? "", values: () => 255 },
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((at): Part => ({
    valueOf: ({ fabricationNumber }) => fabricationNumber?.[at] ?? "",
    values: () => 10,
  })),
];
const FIRST_OF_FABRICATION = 11;

/**
 * The least that finding these meters can cost on a line of this speed, for somebody who knows them and shows that there
 * are no others: the smallest tree of wildcards (each inner node a part of the address that tells its meters apart, each
 * of the part's values asked), meters that answer after the standard's shortest thought, and no frame more than once.
 */
export function lowerBound(space: ScanOptions["space"], finds: readonly Find[], baudRate: number): ScanCost {
  const time = times(baudRate);
  if (space === "primary") {
    const silent = PRIMARY_ADDRESSES - finds.length;
    const found = finds.map(({ bytes }) => time.answer(SHORT, ACK) + time.answer(SHORT, bytes));
    return cost(PRIMARY_ADDRESSES + finds.length, sum(found) + silent * time.silence(SHORT));
  }
  const memory = new Map<string, ScanCost>();

  /** What it costs to ask for a set of meters that is selected by some parts of their address, and to tell them apart. */
  function asked(meters: readonly Find[], enhanced: boolean): ScanCost {
    const selection = enhanced ? ENHANCED_SELECTION : SELECTION;
    if (meters.length === 0) return cost(1, time.silence(selection));
    // Of several that answer at once the longest is over last.
    const longest = Math.max(...meters.map(({ bytes }) => bytes));
    const here = cost(2, time.answer(selection, ACK) + time.answer(SHORT, longest));
    return meters.length === 1 ? here : add(here, divided(meters, enhanced));
  }

  function divided(meters: readonly Find[], enhanced: boolean): ScanCost {
    const key = `${enhanced}${meters.map(({ meter, fabricationNumber }) => meter.address + fabricationNumber).join()}`;
    const known = memory.get(key);
    if (known !== undefined) return known;
    const ways = PARTS.flatMap((part, index) => {
      const groups = Map.groupBy(meters, part.valueOf);
      // A part in which all are the same tells nothing.
      if (groups.size === 1) return [];
      const below = enhanced || index >= FIRST_OF_FABRICATION;
      const empty = part.values(new Set(groups.keys())) - groups.size;
      const silence = asked([], below);
      const children = [...groups.values()].map((group) => asked(group, below));
      return [children.reduce(add, cost(empty * silence.requests, empty * silence.seconds * 1000))];
    });
    const best = ways.reduce((least, way) => way.seconds < least.seconds ? way : least, ways[0] ?? cost(0, 0));
    memory.set(key, best);
    return best;
  }

  return finds.length > 1 ? divided(finds, false) : asked(finds, false);
}

function times(baudRate: number) {
  return {
    silence: (request: number) => transmissionMs(request, baudRate) + longestThoughtMs(baudRate),
    answer: (request: number, bytes: number) =>
      transmissionMs(request + bytes, baudRate) + shortestThoughtMs(baudRate) + idleMs(baudRate),
  };
}

function cost(requests: number, ms: number): ScanCost {
  return { requests, seconds: ms / 1000 };
}

function add(a: ScanCost, b: ScanCost): ScanCost {
  return { requests: a.requests + b.requests, seconds: a.seconds + b.seconds };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
