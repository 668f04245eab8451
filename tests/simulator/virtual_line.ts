import type { ByteStream } from "../../gateway/byte_stream.ts";
import { type FaultInjector, spoil } from "./faults.ts";
import { LinkReceiver } from "./link_receiver.ts";
import type { Segment } from "./segment.ts";
import { BITS, onTheWire, type Piece } from "./wire.ts";

/** A line to a segment on which time passes only while somebody waits for it: hours of a bus in seconds. */
export interface VirtualLine extends ByteStream {
  setBaudRate(baudRate: number): Promise<void>;
  readonly baudRate: number;
  /** Milliseconds on the line since it was made. */
  elapsed(): number;
  /** The shortest that the line was silent before a request, in bit times. */
  readonly shortestPauseBits: number;
  /** Bytes that nobody's telegram has, on the line now. */
  babble(bytes: Uint8Array): void;
}

export interface VirtualLineOptions {
  baudRate?: number;
  /** The converter hears its own requests. */
  echo?: boolean;
  faults?: FaultInjector;
  /** Whether the meters do not hear this request. */
  isLost?: (request: Uint8Array) => boolean;
  /** Called at the beginning of each request, with its time. */
  onRequest?: (elapsed: number) => void;
}

interface Arrival {
  at: number;
  byte: number;
}

/** The line to a segment. */
export function virtualLine(segment: Segment, options: VirtualLineOptions = {}): VirtualLine {
  const { echo = false, faults, onRequest, isLost = () => false } = options;
  const receiver = new LinkReceiver();
  let baudRate = options.baudRate ?? 2400;
  let now = 0;
  /** When the line last carried something. */
  let busyUntil = -Infinity;
  let shortestPauseBits = Infinity;
  const arrivals: Arrival[] = [];

  const lasts = (bytes: number) => 1000 * BITS * bytes / baudRate;

  function arrive(from: number, bytes: Uint8Array) {
    bytes.forEach((byte, index) => arrivals.push({ at: from + lasts(index + 1), byte }));
    busyUntil = Math.max(busyUntil, from + lasts(bytes.length));
    arrivals.sort((a, b) => a.at - b.at);
  }

  function answer(end: number, bytes: Uint8Array) {
    for (const request of receiver.push(bytes, end)) {
      const replies = segment.handle(request, baudRate);
      for (const piece of spoiled(replies)) arrive(end + piece.afterMs, piece.bytes);
    }
  }

  function spoiled(replies: ReturnType<Segment["handle"]>): Piece[] {
    const pieces = onTheWire(replies, baudRate);
    const [only] = replies;
    if (only === undefined || replies.length > 1) return pieces;
    const what = only.telegram === undefined ? "acknowledgement" : "telegram";
    const fault = faults?.({ what, bytes: only.bytes }) ?? null;
    if (fault === null) return pieces;
    const late = fault.kind === "delay" ? fault.ms : 0;
    return pieces.map(({ afterMs, bytes }) => ({ afterMs: afterMs + late, bytes: spoil(bytes, fault) }));
  }

  return {
    name: "virtual line",
    get baudRate() {
      return baudRate;
    },
    get shortestPauseBits() {
      return shortestPauseBits;
    },
    elapsed: () => now,
    babble: (bytes) => arrive(now, bytes),
    read(timeoutMs, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      const until = now + timeoutMs;
      const next = arrivals[0]?.at ?? Infinity;
      if (next > until) {
        now = until;
        return Promise.resolve(null);
      }
      now = Math.max(now, next);
      const later = arrivals.findIndex(({ at }) => at > now);
      const there = arrivals.splice(0, later < 0 ? arrivals.length : later);
      return Promise.resolve(Uint8Array.from(there, ({ byte }) => byte));
    },
    write(bytes) {
      onRequest?.(now);
      shortestPauseBits = Math.min(shortestPauseBits, (now - busyUntil) * baudRate / 1000);
      const end = now + lasts(bytes.length);
      busyUntil = Math.max(busyUntil, end);
      if (echo) arrive(now, bytes);
      if (!isLost(bytes)) answer(end, bytes);
      return Promise.resolve();
    },
    setBaudRate(rate) {
      baudRate = rate;
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A book that is kept in memory: for runs whose answers nobody compares afterwards. */
export function noLedger() {
  return { lastCounter: 0, append() {} };
}
