import { assert, assertEquals } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { delay } from "@std/async";
import { createIngest, ingestLanes, subscribeIngest } from "../../../server/ingest/mod.ts";
import { needs } from "../../fixtures/needs.ts";
import { privateMosquitto } from "../../fixtures/private_mosquitto.ts";
import { freshDatabase, privatePostgres } from "../../fixtures/private_postgres.ts";
import { heatMeterFrame, payload, readout } from "../../fixtures/readouts.ts";
import { until } from "../../fixtures/until.ts";
import { assertExact } from "./exact.ts";
import { ResendingGateway } from "./resending_gateway.ts";

const NAME = "GW-0001";
const real = needs("mosquitto", "initdb");

/** A broker, a database, a gateway that sends until it is confirmed, and ingest between them until the body returns. */
async function underFault(
  readouts: number,
  body: (at: Awaited<ReturnType<typeof site>>, sent: Promise<void>) => Promise<void>,
  maxWaitingBytes?: number,
) {
  await using at = await site(readouts, maxWaitingBytes);
  const sent = at.gateway.sendAll();
  sent.catch(() => {});
  await body(at, sent);
  await sent;
  await assertExact(at.sql, NAME, at.gateway, readouts);
}

async function site(readouts: number, maxWaitingBytes?: number) {
  await using stack = new AsyncDisposableStack();
  const broker = stack.use(await privateMosquitto({ tls: false }));
  const own = stack.use(await freshDatabase());
  const { sql } = own.database;
  await sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, ${NAME}, sha256('one'))`;
  const { ingest, counts } = createIngest({ database: own.database });
  let failures = 0;
  const lanes = stack.use(ingestLanes({ ingest, limits: { messages: 20 }, onFailure: () => failures++ }));
  const stop = new AbortController();
  let connections = 0;
  const ready = Promise.withResolvers<void>();
  const mqtt = { url: broker.url, clientId: "mbus-server", keepAliveSeconds: 1 };
  const running = subscribeIngest({
    lanes,
    mqtt,
    signal: stop.signal,
    maxWaitingBytes,
    log: silentLog,
    onReady() {
      connections++;
      ready.resolve();
    },
  });
  stack.defer(async () => {
    stop.abort();
    await running;
  });
  await ready.promise;
  const owner = stack.move();
  return {
    broker,
    database: own.database,
    get sql() {
      return own.database.sql;
    },
    counts,
    lanes,
    stop,
    running,
    gateway: new ResendingGateway({ gateway: NAME, mqtt: { url: broker.url }, readouts }),
    failures: () => failures,
    connections: () => connections,
    [Symbol.asyncDispose]: () => owner.disposeAsync(),
  };
}

Deno.test({
  name: "ingest is exact after its backends were terminated again and again in the middle of transactions",
  ...real,
  async fn() {
    await underFault(600, async (at) => {
      await using other = await freshDatabase({ migrated: false });
      for (let kill = 0; kill < 5; kill++) {
        await until("it goes on", () => at.counts.stored > kill * 60);
        await other.database.sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'mbus-server' and pid <> pg_backend_pid() and datname <> current_database()`;
      }
    });
  },
});

Deno.test({
  name: "ingest is exact after PostgreSQL was restarted as in a crash",
  ...real,
  async fn() {
    await underFault(300, async (at) => {
      await until("it is at work", () => at.counts.stored > 0);
      await privatePostgres().stop();
      await until("it noticed", () => at.failures() > 0 || at.counts.stored === 300);
      await privatePostgres().start();
    });
  },
});

Deno.test({
  name: "ingest is exact after the broker was killed and has forgotten every session",
  ...real,
  async fn() {
    await underFault(300, async (at) => {
      await until("it is at work", () => at.counts.stored > 0);
      await at.broker.kill();
      await Deno.remove(`${at.broker.folder}/mosquitto.db`).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error; // it had not been written yet
      });
      await at.broker.restart();
    });
  },
});

/** Hangs the database for so long, and tells the most bytes that waited meanwhile. */
async function hang(at: Awaited<ReturnType<typeof site>>, milliseconds: number): Promise<number> {
  let most = 0;
  privatePostgres().freeze(true);
  try {
    for (let wait = 0; wait < milliseconds; wait += 50) {
      await delay(50);
      most = Math.max(most, at.lanes.waiting.bytes);
    }
  } finally {
    privatePostgres().freeze(false);
  }
  return most;
}

Deno.test({
  name: "ingest keeps its connection while the database hangs for longer than the keep-alive, and drains",
  ...real,
  async fn() {
    await underFault(2000, async (at, sent) => {
      await until("it is at work", () => at.counts.stored > 0);
      assert(await hang(at, 3500) > 0);
      await sent;
      assertEquals(at.connections(), 1);
    });
  },
});

Deno.test({
  name: "ingest lets no more wait in memory than it may, and fetches the rest by connecting anew",
  ...real,
  async fn() {
    await underFault(1000, async (at) => {
      const most = await hang(at, 1000);
      assert(most > 20_000 && most < 30_000, `${most} bytes waited`);
      await until("it came back", () => at.connections() > 1);
    }, 20_000);
  },
});

Deno.test({
  name: "ingest that is the victim of a deadlock stores its batch the next time",
  ...real,
  async fn() {
    await using at = await site(1);
    await at.sql`alter database ${
      at.sql((await at.sql`select current_database() as name`)[0]?.name)
    } set deadlock_timeout = '100ms'`;
    const other = await at.sql.reserve();
    await other`begin`;
    await other`set local deadlock_timeout = '20s'`; // the other side is the one that notices
    await other`select from gateways where gateway_id = ${NAME} for update`;
    const message = { origin: "mqtt" as const, gateway: NAME, payload: payload([readout()]) };
    const stored = at.lanes.submit(message, { until: at.stop.signal });
    await until("ingest waits for the gateway's row", async () => {
      const [row] = await at.sql`select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'`;
      return row?.n > 0;
    });
    const blocked = other`
      insert into telegrams (tenant_id, gateway_id, epoch, seq, read_at, position, kind, bytes, bus, address,
        clock_trusted, decoder_version)
      values (1, ${NAME}, '00000000-0000-4000-8000-000000000001', 1, '2026-01-31T11:59:58.123Z', 0, 'frame', '', '', '',
        true, 1)`;
    await blocked;
    await other`rollback`;
    other.release();
    assertEquals((await stored).stored, 1);
    assertEquals(at.failures(), 1);
  },
});

Deno.test({
  name: "ingest waits while the disk of the database is full, and stores everything when there is room",
  ...fullDisk(),
  async fn() {
    const folder = await Deno.makeTempDir();
    await command("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder);
    try {
      await command("chown", "nobody", folder);
      await using at = await site(200);
      await at.sql.unsafe(`create tablespace small location '${folder}'`);
      for (const table of ["telegrams_2026_01", "readings_2026_01"]) {
        await at.sql.unsafe(`select ensure_month('${table.slice(0, -8)}', '2026-01-01')`);
        await at.sql.unsafe(`alter table ${table} set tablespace small`);
      }
      const filler = `${folder}/filler`;
      await command("dd", "if=/dev/zero", `of=${filler}`, "bs=1M", "count=64").catch(() => {});
      const sent = at.gateway.sendAll();
      await until("the disk is full", () => at.failures() > 1);
      const [stored] = await at.sql`select count(*)::int as n from quarantine`;
      assertEquals(stored?.n, 0);
      await Deno.remove(filler);
      await sent;
      await assertExact(at.sql, NAME, at.gateway, 200);
    } finally {
      await command("umount", "-l", folder);
      await Deno.remove(folder);
    }
  },
});

/** A small file system of one's own needs root and the right to mount. */
function fullDisk(): { ignore: boolean } {
  if (real.ignore) return real;
  if (Deno.uid() === 0 && new Deno.Command("unshare", { args: ["-m", "true"] }).outputSync().success) return real;
  console.error("ignored: needs root and the right to mount a small file system");
  return { ignore: true };
}

async function command(name: string, ...args: string[]) {
  const { success, stderr } = await new Deno.Command(name, { args }).output();
  if (!success) throw new Error(`Cannot run ${name}: ${new TextDecoder().decode(stderr)}`);
}

Deno.test({
  name: "ingest leaves rows unchanged where every message comes three times, mixed with new ones",
  ...real,
  async fn() {
    await using at = await site(0);
    const messages = Array.from({ length: 40 }, (_, index) => ({
      origin: "mqtt" as const,
      gateway: NAME,
      payload: payload([readout({
        seq: index + 1,
        readAt: new Date(Date.UTC(2026, 0, 5, 0, index)).toISOString(),
        frames: [heatMeterFrame({ energyKwh: index })],
      })]),
    }));
    const submit = (part: typeof messages) => Promise.all(part.map((message) => at.lanes.submit(message)));
    const snapshot = () =>
      at.sql`select md5(string_agg(t::text, '|' order by t::text)) as sum from (
      select telegrams::text as t from telegrams union all select readings::text from readings) rows`;
    await submit(messages.slice(0, 20));
    const before = await snapshot();
    await submit([...messages.slice(0, 20), ...messages.slice(0, 20)]);
    assertEquals((await snapshot())[0]?.sum, before[0]?.sum);
    const results = await submit([...messages, ...messages.slice(20)]);
    assertEquals(results.reduce((sum, { stored }) => sum + stored, 0), 20);
    assertEquals(at.counts.duplicates, 80);
    const [rows] = await at.sql`
      select (select count(*) from telegrams)::int as telegrams, (select count(*) from readings)::int as readings`;
    assertEquals({ ...rows }, { telegrams: 40, readings: 40 });
  },
});
