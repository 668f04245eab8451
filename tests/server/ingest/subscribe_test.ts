import { assertEquals } from "@std/assert";
import { mqttSession, silentLog } from "@mbus-gateway/resource";
import { parseConfirmation, topic } from "@mbus-gateway/wire";
import {
  createIngest,
  type IncomingMessage,
  ingestLanes,
  type IngestResult,
  subscribeIngest,
} from "../../../server/ingest/mod.ts";
import { needs } from "../../fixtures/needs.ts";
import { privateMosquitto } from "../../fixtures/private_mosquitto.ts";
import { freshDatabase } from "../../fixtures/private_postgres.ts";
import { payload, readout } from "../../fixtures/readouts.ts";
import { until } from "../../fixtures/until.ts";

type Take = (messages: IncomingMessage[]) => Promise<IngestResult[]>;

/** A broker with mutual TLS, a database, a registered gateway's session, and ingest between them. */
async function site({ wrap = (take) => take }: { wrap?: (take: Take) => Take } = {}) {
  await using stack = new AsyncDisposableStack();
  const broker = stack.use(await privateMosquitto());
  const { database } = stack.use(await freshDatabase());
  await database.sql`
    insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', sha256('one'))`;
  const { ingest, counts } = createIngest({ database });
  const mqtt = { url: broker.url, clientId: "mbus-server", ...await broker.client("mbus-server") };
  const held: number[] = [];
  const gateway = stack.use(
    await mqttSession({
      url: broker.url,
      clientId: "GW-0001",
      ...await broker.client("GW-0001"),
      onMessage: ({ payload }) => held.push(...parseConfirmation(payload).held.flat()),
    }),
  );
  await gateway.subscribe(topic.confirm("GW-0001"));
  const owner = stack.move();
  return {
    sql: database.sql,
    broker,
    counts,
    held,
    publish: (seq: number) =>
      gateway.publish(
        topic.data("GW-0001"),
        payload([readout({ seq, readAt: new Date(Date.UTC(2026, 0, 31, 12, 0, seq)).toISOString() })]),
      ),
    /** Runs the subscription until the body returns. */
    async subscribed(body: () => Promise<void>) {
      const controller = new AbortController();
      const ready = Promise.withResolvers<void>();
      await using lanes = ingestLanes({ ingest: wrap(ingest) });
      const running = subscribeIngest({
        lanes,
        mqtt,
        signal: controller.signal,
        log: silentLog,
        onReady: ready.resolve,
      });
      try {
        await ready.promise;
        await body();
      } finally {
        controller.abort();
        await running;
      }
    },
    [Symbol.asyncDispose]: () => owner.disposeAsync(),
  };
}

Deno.test({
  name: "subscribeIngest() stores what gateways publish and confirms it to them",
  ...needs("mosquitto", "initdb"),
  async fn() {
    await using at = await site();
    await at.subscribed(async () => {
      await Promise.all(Array.from({ length: 30 }, (_, index) => at.publish(index + 1)));
      await until("all are confirmed", () => at.held.includes(30) && at.counts.stored === 30);
    });
    const rows = await at.sql`select count(distinct seq)::int as seqs, count(*)::int as rows from telegrams`;
    assertEquals({ ...rows[0] }, { seqs: 30, rows: 30 });
  },
});

Deno.test({
  name: "subscribeIngest() takes in what was published while it was away",
  ...needs("mosquitto", "initdb"),
  async fn() {
    await using at = await site();
    await at.subscribed(() => Promise.resolve());
    for (const seq of [1, 2, 3]) await at.publish(seq);
    await at.subscribed(() => until("they are stored", () => at.counts.stored === 3));
    assertEquals(at.counts.duplicates, 0);
  },
});

Deno.test({
  name: "subscribeIngest() acknowledges nothing that was not committed: it comes again after a restart",
  ...needs("mosquitto", "initdb"),
  async fn() {
    let failing = true;
    let failures = 0;
    await using at = await site({
      wrap: (take) => (messages) => {
        if (!failing) return take(messages);
        failures++;
        return Promise.reject(new Error("the database is away"));
      },
    });
    await at.subscribed(async () => {
      for (const seq of [1, 2, 3]) await at.publish(seq);
      await until("the database failed", () => failures > 0);
    });
    assertEquals([at.counts.stored, at.held], [0, []]);
    failing = false;
    await at.subscribed(() => until("they are held", () => at.counts.stored === 3 && at.held.length > 0));
  },
});

Deno.test({
  name: "subscribeIngest() goes on after messages that nobody can read",
  ...needs("mosquitto", "initdb"),
  async fn() {
    await using at = await site();
    const other = await mqttSession({
      url: at.broker.url,
      clientId: "GW-0001-broken",
      ...await at.broker.client("GW-0001"),
    });
    await at.subscribed(async () => {
      for (const bad of ["", "{", "[]", "\u0000", "x".repeat(300_000)]) await other.publish(topic.data("GW-0001"), bad);
      await at.publish(1);
      await until("the good one is stored", () => at.counts.stored === 1 && at.counts.quarantined === 5);
      await other[Symbol.asyncDispose]();
    });
    const rows = await at.sql`select code from quarantine`;
    assertEquals(rows.map((row) => row.code).sort(), ["json", "json", "json", "json", "schema"]);
  },
});

Deno.test({
  name: "subscribeIngest() goes on after a restart of the broker",
  ...needs("mosquitto", "initdb"),
  async fn() {
    await using at = await site();
    await at.subscribed(async () => {
      await at.publish(1);
      await until("the first is stored", () => at.counts.stored === 1);
      await at.broker.restart();
      await using again = await mqttSession({
        url: at.broker.url,
        clientId: "GW-0001",
        ...await at.broker.client("GW-0001"),
      });
      await again.publish(topic.data("GW-0001"), payload([readout({ seq: 2, readAt: "2026-01-31T13:00:00.000Z" })]));
      await until("the second is stored", () => at.counts.stored === 2);
    });
  },
});
