/**
 * Takes in one message that fails once, with the trace that the environment asks for; see `trace_test.ts`.
 *
 * @module
 */
import { ingestLanes, NO_TRACE, openTelemetry } from "../../../server/ingest/mod.ts";

const trace = Deno.env.get("OTEL_DENO") === "true" ? openTelemetry("0.0.0") : NO_TRACE;
let failures = 1;
await using lanes = ingestLanes({
  trace,
  async ingest(messages) {
    if (failures-- > 0) throw new Error("the database is away");
    const stored = { confirmation: null, stored: 1, duplicates: 0, quarantined: 0, unreadable: null };
    return await trace.step("write", () => Promise.resolve(messages.map(() => stored)));
  },
});
const message = { origin: "mqtt" as const, gateway: "GW-0001", payload: new Uint8Array(10) };
await lanes.submit(message, { until: new AbortController().signal });
