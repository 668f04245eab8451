import { httpClient, type Log } from "@mbus-gateway/resource";
import { abortable } from "@std/async";
import { registerAdminToken } from "./admin_token.ts";
import { background } from "./background.ts";
import { readText } from "./broker_identity.ts";
import type { ServerConfig } from "./config.ts";
import { refreshConsumption } from "./consumption/mod.ts";
import { type Database, dropExpired, ensurePartitions, migrate } from "./db/mod.ts";
import { degreeDayLoop } from "./degree_days/mod.ts";
import { createApp } from "./http/app.tsx";
import { operationsApp } from "./http/operations.ts";
import { noteSequenceGaps } from "./gateway_truth/sequence_gaps.ts";
import {
  createIngest,
  type Ingest,
  ingestLanes,
  ingestMetrics,
  NO_TRACE,
  openTelemetry,
  subscribeIngest,
} from "./ingest/mod.ts";
import { readKeySecrets } from "./meter_keys/key_secret.ts";
import { databaseKnowledge } from "./meter_keys/knowledge.ts";
import { listen } from "./listener.ts";
import { brokerPart, databasePart } from "./parts.ts";
import { reachDatabase } from "./reach_database.ts";
import { decodeWaiting } from "./redecode/decode_waiting.ts";
import { packTelegrams } from "./telegram_packs/pack_telegrams.ts";
import { hourly, upkeepLoop } from "./upkeep.ts";
import { VERSION } from "@mbus-gateway/wire";

/** `ingest` takes in what the broker has, `api` answers requests, `all` does both. */
export type ServerRole = "all" | "ingest" | "api";

export interface RunServerOptions {
  /** Default `all`. */
  role?: ServerRole;
  /** Stops the server in order. */
  signal: AbortSignal;
  log: Log;
  /** The demo's secret, which signs in by itself; null: there is no such way in. */
  demoSignIn?: string | null;
  now?: () => Date;
  /** Called when requests are answered and readouts are waited for. */
  onReady?: (ready: { url: string; mqtt: string | null }) => void;
}

/**
 * The server: takes readouts in from the broker and over HTTP, commits and confirms them, answers the API and the pages.
 * Without a database or broker in its configuration it brings its own.
 *
 * When `signal` aborts, it stops accepting, finishes what is under way and releases everything in reverse order. A
 * database or broker that is away is waited for.
 *
 * @throws {ConfigurationError} for what can never work: a taken port, a folder in use, a file that is missing.
 */
export async function runServer(config: ServerConfig, options: RunServerOptions): Promise<void> {
  const { signal, log, role = "all", demoSignIn = null, now = () => new Date(), onReady = () => {} } = options;
  await using stored = await databasePart(config, log);
  const lanes = stored.maxConnections === 1 ? 1 : config.ingest.lanes;
  const { url, maxConnections = lanes + 4 } = stored;
  await using database = await reachDatabase({ url, maxConnections, signal, log });
  const applied = await migrate(database);
  if (applied.length > 0) log.info("Migrated the database", { applied: applied.join(" ") });
  await ensurePartitions(database, now());
  if (role !== "ingest") {
    await registerAdminToken(database, { file: config.adminTokenFile, make: config.makeAdminToken, log });
  }

  await using broker = role === "api" ? null : await brokerPart(config, database, log);
  const secrets = readKeySecrets(config.meterKeys, log);
  const knowledge = databaseKnowledge(database, secrets.all, log);
  await knowledge.refresh();
  const trace = config.tracing ? openTelemetry(VERSION) : NO_TRACE;
  const { ingest, counts } = createIngest({ database, knowledge, trace, log, now });
  const metrics = ingestMetrics();
  await using intake = ingestLanes({
    ingest,
    lanes,
    limits: config.ingest.batch,
    onStored: metrics.observe,
    onFailure: metrics.failed,
    trace,
    log,
  });
  await using subscription = broker &&
    background((signal) => subscribeIngest({ lanes: intake, mqtt: broker.mqtt, share: config.mqttShare, signal, log }));
  await using degreeDays = role === "ingest"
    ? null
    : background((signal) => abortable(fetchDegreeDays(config, { database, signal, log, now }), signal));
  await using upkeep = background((signal) =>
    upkeepLoop({
      signal,
      log,
      tasks: [
        { name: "meter keys", run: () => knowledge.refresh() },
        { name: "waiting telegrams", run: (signal) => decodeWaiting({ database, knowledge, signal, log }) },
        { name: "sequence gaps", run: () => noteSequenceGaps(database) },
        { name: "months ahead", run: hourly(() => ensurePartitions(database, now()), now) },
        { name: "retention", run: hourly(() => dropExpired(database, config.retention, now(), log), now) },
        {
          name: "old telegrams",
          run: packTelegrams({ database, afterDays: config.compressTelegramsAfterDays, now, log }),
        },
        { name: "consumption", run: async (signal) => void await refreshConsumption({ database, knowledge, signal }) },
      ],
    })
  );
  const operations = operationsApp({ database, log, metrics: () => metrics.text(counts, intake.waiting) });
  const take: Ingest["ingest"] = (messages) => Promise.all(messages.map((message) => intake.submit(message)));
  const keySecret = secrets.current;
  const app = role === "ingest"
    ? operations
    : createApp({ database, ingest: take, counts, now, demoSignIn, keySecret, log });
  await using http = listen({ ...config.http, handler: (request) => app.fetch(request) });
  const { host } = config.http;
  await using _metrics = config.metricsPort === null
    ? null
    : listen({ host, port: config.metricsPort, handler: (request) => operations.fetch(request) });

  onReady({ url: http.url, mqtt: broker?.mqtt.url ?? null });
  const failures = [subscription, degreeDays, upkeep].flatMap((part) => part?.failed ?? []);
  await Promise.race([aborted(signal), stored.broken, ...failures]);
}

async function fetchDegreeDays(
  { degreeDays: { url, areas, apiKeyFile } }: ServerConfig,
  context: { database: Database; signal: AbortSignal; log: Log; now: () => Date },
) {
  if (areas.length === 0) return;
  const apiKey = (await readText("DMI_API_KEY_FILE", apiKeyFile))?.trim();
  await using http = httpClient();
  await degreeDayLoop({ ...context, http, areas, baseUrl: url, apiKey });
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
