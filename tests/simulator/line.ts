import { delay } from "@std/async";
import { type ByteChannel, isEnd } from "./byte_channel.ts";
import { type FaultInjector, spoil } from "./faults.ts";
import type { Ledger } from "./ledger.ts";
import { LinkReceiver } from "./link_receiver.ts";
import type { Reply, Segment } from "./segment.ts";

export interface LineOptions {
  ledger: Ledger;
  faults?: FaultInjector;
  /** Bytes take as long as they do at this rate; without it the line takes no time. */
  baudRate?: number;
  /** Called after each reply. */
  replied?: () => void;
  signal: AbortSignal;
}

/** A character has 11 bits: start, eight data, even parity, stop (EN 13757-2, 5.2). */
const BITS = 11;
/** A meter waits for 11 bit times before it answers, and up to 330 (EN 13757-2, 5.5). */
const PAUSE_BITS = 60;
/** So much is sent in one piece on a slow line. */
const CHUNK = 16;

/** Lets a master on `channel` talk to the segment, until the channel closes or `signal` aborts. */
export async function serveLine(segment: Segment, channel: ByteChannel, options: LineOptions): Promise<void> {
  const { baudRate, replied, signal } = options;
  const receiver = new LinkReceiver();
  const wait = async (bits: number) => {
    if (baudRate !== undefined) await delay((1000 * bits) / baudRate, { signal });
  };
  try {
    for (let bytes = await channel.read(); bytes !== null && !signal.aborted; bytes = await channel.read()) {
      for (const request of receiver.push(bytes, performance.now())) {
        await wait(BITS * bytes.length);
        const replies = segment.handle(request);
        if (replies.length === 0) continue;
        await wait(PAUSE_BITS);
        await send(replies, channel, options, wait);
        replied?.();
      }
    }
  } catch (error) {
    // The master hung up, or the simulator is ending: the line is no longer needed.
    if (!signal.aborted && !isEnd(error)) throw error;
  }
}

async function send(
  replies: readonly Reply[],
  channel: ByteChannel,
  { ledger, faults, signal }: LineOptions,
  wait: (bits: number) => Promise<void>,
) {
  const [first] = replies;
  if (first === undefined) return;
  const fault = replies.length > 1 ? null : faults?.({
    what: first.telegram === undefined ? "acknowledgement" : "telegram",
    bytes: first.bytes,
  }) ?? null;
  const collides = replies.some((reply) => !sameBytes(reply.bytes, first.bytes));
  const bytes = fault === null ? overlaid(replies.map((reply) => reply.bytes)) : spoil(first.bytes, fault);
  if (fault?.kind === "delay") await delay(fault.ms, { signal });
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const chunk = bytes.subarray(at, at + CHUNK);
    await wait(BITS * chunk.length);
    await channel.write(chunk);
  }
  for (const { telegram } of replies) {
    if (telegram === undefined) continue;
    const { counter, index } = telegram;
    ledger.append({ type: "sent", counter, telegram: index, fault: collides ? "collision" : fault?.kind ?? null });
  }
}

/** Meters that speak at once: a space (0) pulls the line's current, so the line carries the and of their bits. */
function overlaid(all: readonly Uint8Array[]): Uint8Array {
  const length = Math.max(...all.map((bytes) => bytes.length));
  return Uint8Array.from({ length }, (_, i) => all.reduce((bits, bytes) => bits & (bytes[i] ?? 0xff), 0xff));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
