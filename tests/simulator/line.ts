import { delay } from "@std/async";
import { type ByteChannel, isEnd } from "./byte_channel.ts";
import { type FaultInjector, spoil } from "./faults.ts";
import type { Ledger } from "./ledger.ts";
import { LinkReceiver } from "./link_receiver.ts";
import type { Segment } from "./segment.ts";
import type { Reply } from "./station.ts";
import { BITS, onTheWire } from "./wire.ts";

export interface LineOptions {
  ledger: Ledger;
  faults?: FaultInjector;
  /** Bytes take as long as they do at this rate; without it the line takes no time. */
  baudRate?: number;
  /** The converter hears its own requests. */
  echo?: boolean;
  /** Called after each reply. */
  replied?: () => void;
  signal: AbortSignal;
}

/** So much is sent in one piece on a slow line. */
const CHUNK = 16;

/** Lets a master on `channel` talk to the segment, until the channel closes or `signal` aborts. */
export async function serveLine(segment: Segment, channel: ByteChannel, options: LineOptions): Promise<void> {
  const { echo = false, replied, signal } = options;
  const receiver = new LinkReceiver();
  // The far end of a pty knows the speed that the master has set; a TCP converter has its own.
  const baudRate = () => options.baudRate === undefined ? undefined : channel.baudRate?.() ?? options.baudRate;
  try {
    for (let bytes = await channel.read(); bytes !== null && !signal.aborted; bytes = await channel.read()) {
      if (echo) await channel.write(bytes);
      for (const request of receiver.push(bytes, performance.now())) {
        const rate = baudRate();
        if (rate !== undefined) await delay((1000 * BITS * bytes.length) / rate, { signal });
        const replies = segment.handle(request, channel.baudRate?.() ?? options.baudRate);
        if (replies.length === 0) continue;
        const connected = await send(replies, channel, options, rate);
        replied?.();
        if (!connected) return;
      }
    }
  } catch (error) {
    // The master hung up, or the simulator is ending: the line is no longer needed.
    if (!signal.aborted && !isEnd(error)) throw error;
  }
}

/** @returns false when the adapter was pulled out meanwhile. */
async function send(
  replies: readonly Reply[],
  channel: ByteChannel,
  { ledger, faults, signal }: LineOptions,
  baudRate?: number,
): Promise<boolean> {
  const [first] = replies;
  if (first === undefined) return true;
  const fault = replies.length > 1 ? null : faults?.({
    what: first.telegram === undefined ? "acknowledgement" : "telegram",
    bytes: first.bytes,
  }) ?? null;
  if (fault?.kind === "hang") await delay(fault.ms, { signal });
  if (fault?.kind === "delay") await delay(fault.ms, { signal });
  let passed = 0;
  const until = async (ms: number) => {
    if (ms > passed) await delay(ms - passed, { signal });
    passed = Math.max(passed, ms);
  };
  for (const { afterMs, bytes } of onTheWire(replies, baudRate)) {
    await until(afterMs);
    const sent = fault === null ? bytes : spoil(bytes, fault);
    for (let at = 0; at < sent.length; at += CHUNK) {
      const chunk = sent.subarray(at, at + CHUNK);
      if (baudRate !== undefined) await until(afterMs + (1000 * BITS * (at + chunk.length)) / baudRate);
      await channel.write(chunk);
    }
  }
  const collides = replies.some((reply) => !sameBytes(reply.bytes, first.bytes));
  for (const { telegram } of replies) {
    if (telegram === undefined) continue;
    const { counter, index } = telegram;
    ledger.append({ type: "sent", counter, telegram: index, fault: collides ? "collision" : fault?.kind ?? null });
  }
  if (fault?.kind !== "unplug") return true;
  await channel.hangUp?.();
  return false;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
