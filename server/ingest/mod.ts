/**
 * From a message's bytes to committed rows, and the confirmation that says so.
 *
 * @module
 */
export { createIngest, type Ingest, type IngestCounts, type IngestResult } from "./ingest.ts";
export type { IncomingMessage } from "./incoming.ts";
export { type IngestLanes, ingestLanes, IntakeFull } from "./lanes.ts";
export { type IngestMetrics, ingestMetrics } from "./ingest_metrics.ts";
export { NO_TRACE, openTelemetry, type Trace } from "./trace.ts";
export { confirmationOf, type ConfirmationWindow } from "./confirmation.ts";
export { subscribeIngest, type SubscribeIngestOptions } from "./subscribe.ts";
