import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async";
import type { IncomingMessage, IngestResult } from "../../../server/ingest/mod.ts";
import { ingestLanes, IntakeFull } from "../../../server/ingest/mod.ts";
import { until } from "../../fixtures/until.ts";

const message = (gateway: string, bytes = 10): IncomingMessage => ({
  origin: "mqtt",
  gateway,
  payload: new Uint8Array(bytes),
});
const STORED: IngestResult = { confirmation: null, stored: 1, duplicates: 0, quarantined: 0, unreadable: null };

/** A database that answers when it is told to, and notes what it is given. */
function scripted() {
  const batches: { gateways: string[]; done: PromiseWithResolvers<void> }[] = [];
  return {
    batches,
    async ingest(messages: IncomingMessage[]) {
      const done = Promise.withResolvers<void>();
      batches.push({ gateways: messages.map(({ gateway }) => gateway), done });
      await done.promise;
      return messages.map(() => STORED);
    },
  };
}

/** Answers whatever comes, until the work is done. */
async function answering<T>({ batches }: ReturnType<typeof scripted>, work: Promise<T>): Promise<T> {
  let over = false;
  work.finally(() => over = true).catch(() => {});
  while (!over) {
    for (const { done } of batches) done.resolve();
    await delay(1);
  }
  return await work;
}

Deno.test("ingestLanes() stores batches of several gateways at once, and never two of one gateway", async () => {
  const database = scripted();
  await using lanes = ingestLanes({ ingest: database.ingest, lanes: 4, limits: { messages: 2, ageMs: 0 } });
  const gateways = Array.from({ length: 40 }, (_, n) => `GW-${n % 10}`);
  const all = Promise.all(gateways.map((gateway) => lanes.submit(message(gateway))));
  await until("several lanes are at work", () => database.batches.length === 4);
  const underWay = database.batches.flatMap(({ gateways }) => [...new Set(gateways)]);
  assertEquals(underWay.length, new Set(underWay).size);
  assertEquals(lanes.waiting, { messages: 40, bytes: 400 });
  await answering(database, all);
  assertEquals(lanes.waiting, { messages: 0, bytes: 0 });
  assertEquals(database.batches.flatMap(({ gateways }) => gateways).sort(), [...gateways].sort());
});

Deno.test("ingestLanes() keeps the messages of a gateway in order, and tries a failed batch again", async () => {
  const stored: number[] = [];
  let failures = 2;
  await using lanes = ingestLanes({
    ingest(messages) {
      if (failures-- > 0) return Promise.reject(new Error("the database is away"));
      stored.push(...messages.map(({ payload }) => payload.length));
      return Promise.resolve(messages.map(() => STORED));
    },
    limits: { messages: 3, ageMs: 0 },
  });
  const until = new AbortController().signal;
  await Promise.all([1, 2, 3, 4, 5, 6, 7].map((bytes) => lanes.submit(message("GW-0001", bytes), { until })));
  assertEquals(stored, [1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("ingestLanes() tells an impatient sender of a failure at once, and turns it away while too much waits", async () => {
  const held = Promise.withResolvers<IngestResult[]>();
  const lanes = ingestLanes({ ingest: () => held.promise, lanes: 1, limits: { ageMs: 0 }, maxWaitingBytes: 100 });
  const first = lanes.submit(message("GW-0001", 90));
  await assertRejects(() => lanes.submit(message("GW-0002", 20)), IntakeFull, "90 bytes wait for the database");
  held.reject(new Error("connection lost"));
  await assertRejects(() => first, Error, "connection lost");
  await lanes[Symbol.asyncDispose]();
});

Deno.test("ingestLanes() drops what waits for a connection that is gone", async () => {
  const database = scripted();
  await using lanes = ingestLanes({ ingest: database.ingest, lanes: 1, limits: { messages: 1, ageMs: 0 } });
  const connection = new AbortController();
  const first = lanes.submit(message("GW-0001"));
  await until("the first is under way", () => database.batches.length === 1);
  const second = lanes.submit(message("GW-0001"), { until: connection.signal });
  connection.abort(new Error("the connection has ended"));
  const rejected = assertRejects(() => second, Error, "the connection has ended");
  await answering(database, Promise.all([first, rejected]));
  assertEquals(database.batches.length, 1);
});

Deno.test("ingestLanes() stores what waits before it ends, and does not wait for a database that hangs", async () => {
  const seen: string[] = [];
  const quick = ingestLanes({
    ingest: (messages) => {
      seen.push(...messages.map(({ gateway }) => gateway));
      return Promise.resolve(messages.map(() => STORED));
    },
  });
  const stored = Promise.all(["GW-0001", "GW-0002"].map((gateway) => quick.submit(message(gateway))));
  await quick[Symbol.asyncDispose]();
  await stored;
  assertEquals(seen.sort(), ["GW-0001", "GW-0002"]);

  const hanging = ingestLanes({ ingest: () => new Promise(() => {}), limits: { ageMs: 0 } });
  const lost = assertRejects(() => hanging.submit(message("GW-0001")), Error, "the server stops");
  await hanging[Symbol.asyncDispose]();
  await lost;
});

Deno.test("ingestLanes() tells how large each batch was and how long its messages waited", async () => {
  const batches: { bytes: number; waits: number[] }[] = [];
  await using lanes = ingestLanes({
    ingest: (messages) => Promise.resolve(messages.map(() => STORED)),
    limits: { ageMs: 1 },
    onStored: (batch) => batches.push(batch),
  });
  await Promise.all([lanes.submit(message("GW-0001")), lanes.submit(message("GW-0001"))]);
  assertEquals(batches.map(({ bytes, waits }) => [bytes, waits.length]), [[20, 2]]);
  assert(batches[0]?.waits.every((wait) => wait >= 0));
});
