import { delay } from "@std/async";
import { crc32 } from "node:zlib";
import { mqttSession } from "@mbus-gateway/resource";
import { encodeConfirmation, parseHeartbeat, parsePayload, topic, toRanges } from "@mbus-gateway/wire";

/** What the far holder is told; it answers each, once it is done, with a {@linkcode FarHolderReport}. */
export type FarHolderWord =
  /** Connect to the broker, again and again. */
  | { type: "serve"; broker: string }
  /** Answer once you listen there. */
  | { type: "listening" }
  /** Whether heartbeats are answered. */
  | { type: "reachable"; reachable: boolean }
  /** Readings from now on, by their own time, are live ones. */
  | { type: "live"; fromMs: number }
  | { type: "report" };

/** What it holds. */
export interface FarHolderReport {
  /** Where it takes heartbeats. */
  url: string;
  held: number;
  /** Readouts that came more than once. */
  twice: number;
  /** The longest from the reading of a live one to its sending. */
  liveMs: number;
  /** A sum over each telegram held, in any order; for `report` only. */
  sums: Uint32Array;
}

const GATEWAY = "GW-0001";
const AGAIN_MS = 50;

/**
 * A server in a thread of its own, so that its work is not the gateway's: holds what comes over a real broker, once, and
 * confirms it.
 */
function farHolder(answer: (report: FarHolderReport) => void) {
  const arrivals = new Map<string, Set<number>>();
  const found = { twice: 0, liveMs: 0 };
  const sums: number[] = [];
  let liveFrom = Infinity;
  let reachable = true;

  const take = (bytes: Uint8Array) => {
    const { gateway, epoch, readouts, sentAt } = parsePayload(bytes);
    const known = arrivals.get(epoch) ?? new Set();
    arrivals.set(epoch, known);
    for (const readout of readouts) {
      if (known.has(readout.seq)) found.twice++;
      else if ("frames" in readout) sums.push(...readout.frames.map((frame) => crc32(frame)));
      known.add(readout.seq);
      const readAt = Date.parse(readout.readAt);
      if (readAt >= liveFrom) found.liveMs = Math.max(found.liveMs, Date.parse(sentAt) - readAt);
    }
    return encodeConfirmation({ gateway, epoch, held: toRanges(readouts.map(({ seq }) => seq)), refused: [] });
  };
  let listening = Promise.withResolvers<void>();
  const listen = async (url: string) => {
    for (;; await delay(AGAIN_MS)) {
      try {
        const session = await mqttSession({
          url,
          clientId: "far-holder",
          onMessage: ({ payload }) => {
            const confirmation = take(payload);
            // What the broker's end cuts off is sent again.
            session.publish(topic.confirm(GATEWAY), confirmation).catch(() => {});
          },
        });
        await session.subscribe(topic.allData);
        listening.resolve();
        await session.closed;
        listening = Promise.withResolvers();
      } catch {
        // The broker is away: that is what is simulated.
      }
    }
  };
  const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { epoch, unconfirmed } = parseHeartbeat(await request.bytes());
    if (!reachable) return new Response("", { status: 503 });
    const known = arrivals.get(epoch) ?? new Set();
    const held: number[] = [];
    const { oldest, newest } = unconfirmed ?? { oldest: 1, newest: 0 };
    for (let seq = oldest; seq <= newest; seq++) if (known.has(seq)) held.push(seq);
    return new Response(encodeConfirmation({ gateway: GATEWAY, epoch, held: toRanges(held), refused: [] }));
  });
  const report = (sums: number[]): FarHolderReport => ({
    ...found,
    url: `http://127.0.0.1:${http.addr.port}`,
    held: [...arrivals.values()].reduce((sum, { size }) => sum + size, 0),
    sums: Uint32Array.from(sums),
  });
  return async (word: FarHolderWord) => {
    if (word.type === "reachable") reachable = word.reachable;
    if (word.type === "live") liveFrom = word.fromMs;
    if (word.type === "serve") listen(word.broker);
    if (word.type === "listening") await listening.promise;
    answer(report(word.type === "report" ? sums : []));
  };
}

const thread = globalThis as unknown as Pick<Worker, "postMessage" | "onmessage">;
const heard = farHolder((report) => thread.postMessage(report));
thread.onmessage = ({ data }) => heard(data);
