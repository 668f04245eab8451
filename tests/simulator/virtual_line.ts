import type { ByteStream } from "../../gateway/byte_stream.ts";
import type { Timer } from "../../gateway/clock.ts";
import { type FaultInjector, spoil } from "./faults.ts";
import { LinkReceiver } from "./link_receiver.ts";
import type { Segment } from "./segment.ts";
import { BITS, onTheWire, type Piece } from "./wire.ts";

/** A line to a segment that takes no real time. By itself, time passes on it only while somebody waits for it. */
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
  /** Called at the beginning of each request, with its time and when the line last carried something. */
  onRequest?: (elapsed: number, quietSince: number) => void;
  /** The time that others live in too; without it the line has its own. */
  timer?: Timer;
  /** So many bytes are handed over at a time, as adapters do. Default 1. */
  chunkBytes?: number;
}

interface Arrival {
  at: number;
  byte: number;
}

/** The line to a segment. */
export function virtualLine(segment: Pick<Segment, "handle">, options: VirtualLineOptions = {}): VirtualLine {
  const { echo = false, faults, onRequest, isLost = () => false, timer = ownTime(), chunkBytes = 1 } = options;
  const receiver = new LinkReceiver();
  let baudRate = options.baudRate ?? 2400;
  /** When the line last carried something. */
  let busyUntil = -Infinity;
  let shortestPauseBits = Infinity;
  const arrivals: Arrival[] = [];

  const lasts = (bytes: number) => 1000 * BITS * bytes / baudRate;

  function arrive(from: number, bytes: Uint8Array) {
    bytes.forEach((byte, index) => {
      const chunkEnd = Math.min(bytes.length, index - index % chunkBytes + chunkBytes);
      arrivals.push({ at: from + lasts(chunkEnd), byte });
    });
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
    elapsed: () => timer.elapsed(),
    babble: (bytes) => arrive(timer.elapsed(), bytes),
    async read(timeoutMs, signal = NEVER) {
      signal.throwIfAborted();
      const wait = Math.min(timeoutMs, (arrivals[0]?.at ?? Infinity) - timer.elapsed());
      if (wait > 0) await timer.sleep(wait, signal);
      const now = timer.elapsed() + ROUNDING_MS;
      const later = arrivals.findIndex(({ at }) => at > now);
      const there = arrivals.splice(0, later < 0 ? arrivals.length : later);
      return there.length === 0 ? null : Uint8Array.from(there, ({ byte }) => byte);
    },
    write(bytes) {
      const now = timer.elapsed();
      onRequest?.(now, busyUntil);
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

/** What is lost in adding up parts of milliseconds. */
const ROUNDING_MS = 1e-6;
const NEVER = new AbortController().signal;

/** Time that passes when somebody waits for it, and then at once. */
function ownTime(): Timer {
  let now = 0;
  return {
    elapsed: () => now,
    sleep(ms) {
      now += ms;
      return Promise.resolve();
    },
  };
}

/** A book that is kept in memory: for runs whose answers nobody compares afterwards. */
export function noLedger() {
  return { lastCounter: 0, append() {} };
}
