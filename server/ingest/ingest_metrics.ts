import { Histogram, type Metric, metric } from "../metrics/prometheus.ts";
import type { IngestCounts } from "./ingest.ts";
import type { IngestLanes, StoredBatch } from "./lanes.ts";

/** What ingest tells Prometheus. */
export interface IngestMetrics {
  /** To be called after each commit. */
  observe(batch: StoredBatch): void;
  /** To be called when a batch failed and is tried again. */
  failed(): void;
  /** The text of all of them. */
  text(counts: Readonly<IngestCounts>, waiting: IngestLanes["waiting"]): string;
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function ingestMetrics(): IngestMetrics {
  const messages = new Histogram("mbus_ingest_batch_messages", "Messages of a batch.", [1, 2, 5, 10, 20, 50, 100, 200]);
  const bytes = new Histogram(
    "mbus_ingest_batch_bytes",
    "Bytes of the messages of a batch, as they came.",
    [1024, 4096, 16384, 65536, 262144, 1048576, 4194304],
  );
  const commit = new Histogram("mbus_ingest_commit_seconds", "From the forming of a batch to its commit.", SECONDS);
  const lag = new Histogram("mbus_ingest_lag_seconds", "From the arrival of a message to its commit.", SECONDS);
  let failures = 0;
  return {
    observe(batch) {
      messages.observe(batch.waits.length);
      bytes.observe(batch.bytes);
      commit.observe(batch.seconds);
      for (const wait of batch.waits) lag.observe(wait);
    },
    failed: () => void failures++,
    text(counts, waiting) {
      const counter = (name: string, help: string, value: number) => metric(name, "counter", help, () => value);
      const gauge = (name: string, help: string, value: number) => metric(name, "gauge", help, () => value);
      const all: Metric[] = [
        counter("mbus_ingest_messages_total", "Messages taken in.", counts.messages),
        counter("mbus_ingest_readouts_total", "Readouts stored.", counts.stored),
        counter("mbus_ingest_readings_total", "Readings stored.", counts.readings),
        counter("mbus_ingest_duplicates_total", "Readouts that were stored before.", counts.duplicates),
        counter("mbus_ingest_quarantined_total", "Readouts or messages set aside with a reason.", counts.quarantined),
        counter("mbus_ingest_rewritten_batches_total", "Batches with something stored before.", counts.rewritten),
        counter("mbus_ingest_failures_total", "Batches that failed and were tried again.", failures),
        gauge("mbus_ingest_waiting_messages", "Messages that are not committed yet.", waiting.messages),
        gauge("mbus_ingest_waiting_bytes", "Their bytes.", waiting.bytes),
        gauge("process_resident_memory_bytes", "Resident memory.", Deno.memoryUsage().rss),
        messages,
        bytes,
        commit,
        lag,
      ];
      return all.map((one) => one.text()).join("");
    },
  };
}
