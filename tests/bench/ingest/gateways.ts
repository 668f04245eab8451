import { type MqttSession, mqttSession } from "@mbus-gateway/resource";
import { encodePayload, inRanges, parseConfirmation, topic } from "@mbus-gateway/wire";
import { delay } from "@std/async";
import { simulatedMeters } from "../../simulator/meters.ts";
import type { SimulatedMeter } from "../../simulator/meter.ts";
import { encodeAnswer } from "../../simulator/telegram.ts";

/** One message, and the last of its readouts. */
export interface BenchMessage {
  gateway: string;
  payload: Uint8Array<ArrayBuffer>;
  lastSeq: number;
  readouts: number;
}

const METERS = 250;
export const READOUTS_PER_MESSAGE = 50;

/** Gateways of 250 simulated meters each, that say new things with each message. */
export function messageMaker(names: readonly string[]) {
  const epoch = crypto.randomUUID();
  const start = Date.UTC(2026, 0, 1);
  const segments: SimulatedMeter[][] = names.map((_, seed) => simulatedMeters(METERS, { seed: seed + 1, now: start }));
  const sequences = names.map(() => 0);
  return (count: number): BenchMessage[] =>
    Array.from({ length: count }, (_, n) => {
      const at = n % names.length;
      const gateway = names[at] as string;
      const first = sequences[at] as number;
      const readouts = Array.from({ length: READOUTS_PER_MESSAGE }, (_, offset) => {
        const index = first + offset;
        const meter = segments[at]?.[index % METERS] as SimulatedMeter;
        const now = start + index * 1000;
        const frames = encodeAnswer(meter.identity, meter.answer(now, index));
        return {
          seq: index + 1,
          bus: "main",
          address: `p${meter.identity.primaryAddress}`,
          readAt: new Date(now).toISOString(),
          clock: "trusted" as const,
          frames,
        };
      });
      sequences[at] = first + READOUTS_PER_MESSAGE;
      const sentAt = new Date(start).toISOString();
      const payload = encodePayload({ gateway, epoch, sentAt, readouts });
      return { gateway, payload, lastSeq: first + READOUTS_PER_MESSAGE, readouts: READOUTS_PER_MESSAGE };
    });
}

export interface Publisher extends AsyncDisposable {
  /** Publishes and waits for every confirmation; tells how long each took from its publishing, in milliseconds. */
  publish(messages: BenchMessage[], options?: { perSecond?: number }): Promise<{ seconds: number; waits: number[] }>;
}

/** The gateways' connections to the broker. */
export async function publisher(
  names: readonly string[],
  connect: (name: string) => Promise<{ url: string; ca?: string; cert?: string; key?: string }>,
): Promise<Publisher> {
  const stack = new AsyncDisposableStack();
  const waiting = new Map<string, { lastSeq: number; at: number; confirmed: (wait: number) => void }[]>();
  const sessions = new Map<string, MqttSession>();
  for (const name of names) {
    waiting.set(name, []);
    const session = stack.use(
      await mqttSession({
        ...await connect(name),
        clientId: name,
        onMessage({ payload }) {
          const { held } = parseConfirmation(payload);
          const now = performance.now();
          const open = waiting.get(name) ?? [];
          waiting.set(
            name,
            open.filter(({ lastSeq, at, confirmed }) => {
              if (!inRanges(held, lastSeq)) return true;
              confirmed(now - at);
              return false;
            }),
          );
        },
      }),
    );
    await session.subscribe(topic.confirm(name));
    sessions.set(name, session);
  }
  return {
    async publish(messages, { perSecond = Infinity } = {}) {
      const start = performance.now();
      const waits: Promise<number>[] = [];
      for (const [index, { gateway, payload, lastSeq }] of messages.entries()) {
        const due = start + index / perSecond * 1000;
        if (due > performance.now() + 1) await delay(due - performance.now());
        const { promise, resolve } = Promise.withResolvers<number>();
        waiting.get(gateway)?.push({ lastSeq, at: performance.now(), confirmed: resolve });
        waits.push(promise);
        void sessions.get(gateway)?.publish(topic.data(gateway), payload);
      }
      const all = await Promise.all(waits);
      return { seconds: (performance.now() - start) / 1000, waits: all };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
