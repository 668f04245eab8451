import { fullJitterBackoff, type Log, silentLog } from "@mbus-gateway/resource";
import { delay } from "@std/async";
import type { IncomingMessage } from "./incoming.ts";
import type { IngestResult } from "./ingest.ts";
import { type BatchLimits, MessageQueue } from "./message_queue.ts";
import { NO_TRACE, type Span, type Trace } from "./trace.ts";

export interface IngestLanesOptions {
  /** Stores a batch and resolves after its commit; bears being repeated. */
  ingest: (messages: IncomingMessage[]) => Promise<IngestResult[]>;
  /** How many batches are stored at once; each needs a connection to the database. */
  lanes?: number;
  limits?: Partial<BatchLimits>;
  /** The most bytes that wait for the database before messages that cannot wait are turned away. */
  maxWaitingBytes?: number;
  /** Called after each commit. */
  onStored?: (batch: StoredBatch) => void;
  /** Called when a batch failed. */
  onFailure?: () => void;
  trace?: Trace;
  log?: Log;
}

/** A batch that is committed. */
export interface StoredBatch {
  bytes: number;
  /** From the forming of the batch to its commit. */
  seconds: number;
  /** From the arrival of each message to the commit, in seconds. */
  waits: number[];
}

export interface SubmitOptions {
  /** Stays until it is stored, however often that fails, or until this aborts; without it a failure is told at once. */
  until?: AbortSignal;
}

/** A message was turned away because the database does not keep up; the sender keeps it and comes again. */
export class IntakeFull extends Error {
  override name = "IntakeFull";
}

/** Batches of messages on their way to the database, several at once. */
export interface IngestLanes extends AsyncDisposable {
  /**
   * Hands a message over; resolves after the commit of the batch in which it was stored.
   *
   * @throws {IntakeFull} when too much waits already; the signal's reason; else what the database said.
   */
  submit(message: IncomingMessage, options?: SubmitOptions): Promise<IngestResult>;
  /** What waits or is being stored now. */
  readonly waiting: { messages: number; bytes: number };
}

export const BATCH_LIMITS: BatchLimits = { messages: 200, bytes: 256 * 1024, ageMs: 20 };
/** Two keep the database busy while this process decodes. */
export const LANES = 2;

/** How long an end waits for what was handed over. */
const DRAIN_MS = 500;

interface Waiting {
  message: IncomingMessage;
  until: AbortSignal | undefined;
  settle: PromiseWithResolvers<IngestResult>;
  arrivedAt: number;
  span: Span | null;
}

/**
 * Starts lanes. The messages of one gateway are on one lane, in their order: two transactions of this process never
 * write the same rows. While a lane waits for its commit the next batch gathers, so that batches grow with the load.
 * The disposal stores what waits, within seconds.
 */
export function ingestLanes(options: IngestLanesOptions): IngestLanes {
  const { ingest, lanes = LANES, maxWaitingBytes = 64 * 1024 * 1024, log = silentLog } = options;
  const { onStored = () => {}, onFailure = () => {}, trace = NO_TRACE } = options;
  const limits = { ...BATCH_LIMITS, ...options.limits };
  const stop = Promise.withResolvers<void>();
  const stopping = new AbortController();
  const underWay = new Set<Waiting>();
  const waiting = { messages: 0, bytes: 0 };
  const queues = Array.from(
    { length: lanes },
    () => new MessageQueue<Waiting>(({ message }) => message.payload.length),
  );
  const ended = Promise.all(queues.map((queue) => run(queue)));

  async function run(queue: MessageQueue<Waiting>) {
    const backoff = fullJitterBackoff({ baseMs: 200, maxMs: 10_000 });
    for await (const taken of queue.batches(limits)) {
      const batch = taken.filter(stillWanted);
      if (batch.length === 0) continue;
      for (const one of batch) underWay.add(one);
      try {
        const start = performance.now();
        const spans = batch.map(({ span }) => span);
        const results = await trace.step("batch", () => ingest(batch.map(({ message }) => message)), spans);
        backoff.reset();
        const end = performance.now();
        onStored({
          bytes: batch.reduce((sum, { message }) => sum + message.payload.length, 0),
          seconds: (end - start) / 1000,
          waits: batch.map(({ arrivedAt }) => (end - arrivedAt) / 1000),
        });
        for (const [index, { settle }] of batch.entries()) settle.resolve(results[index] as IngestResult);
      } catch (error) {
        onFailure();
        const patient = batch.filter((one) => one.until !== undefined && stillWanted(one));
        log.error("Cannot store messages: they stay with their senders, trying again", {
          messages: batch.length,
          error,
        });
        for (const { settle, until } of batch) if (until === undefined) settle.reject(error);
        queue.putBack(patient);
        await delay(backoff.next(), { signal: stopping.signal }).catch(() => {});
        if (stopping.signal.aborted) giveUp(queue.takeOut(), error);
      } finally {
        for (const one of batch) underWay.delete(one);
      }
    }
  }

  /** What waits for a connection that is gone must not stay in memory until the database has time for it. */
  const watched = new WeakSet<AbortSignal>();
  function watch(until: AbortSignal) {
    if (watched.has(until)) return;
    watched.add(until);
    until.addEventListener("abort", () => {
      for (const queue of queues) giveUp(queue.takeOut((one) => one.until === until), until.reason);
    }, { once: true });
  }

  return {
    waiting,
    async submit(message, { until } = {}) {
      until?.throwIfAborted();
      if (until !== undefined) watch(until);
      const size = message.payload.length;
      if (until === undefined && waiting.bytes + size > maxWaitingBytes) {
        throw new IntakeFull(`Cannot take message: ${waiting.bytes} bytes wait for the database; send it again later`);
      }
      const settle = Promise.withResolvers<IngestResult>();
      const span = trace.message({
        "mbus.gateway": message.gateway,
        "mbus.origin": message.origin,
        "mbus.bytes": size,
      });
      queues[laneOf(message.gateway, lanes)]?.push({ message, until, settle, arrivedAt: performance.now(), span });
      waiting.messages++;
      waiting.bytes += size;
      try {
        return await settle.promise;
      } finally {
        span?.end();
        waiting.messages--;
        waiting.bytes -= size;
      }
    },
    async [Symbol.asyncDispose]() {
      for (const queue of queues) queue.close();
      const timer = setTimeout(() => {
        stopping.abort();
        const error = new Error("Cannot store message: the server stops");
        for (const queue of queues) giveUp(queue.takeOut(), error);
        giveUp(underWay, error); // whether it is committed is not known here: it comes again, and nothing is stored twice
        stop.resolve();
      }, DRAIN_MS);
      await Promise.race([ended, stop.promise]);
      clearTimeout(timer);
    },
  };
}

function stillWanted({ until, settle }: Waiting): boolean {
  if (until?.aborted) settle.reject(until.reason);
  return !until?.aborted;
}

function giveUp(messages: Iterable<Waiting>, error: unknown) {
  for (const { settle } of messages) settle.reject(error);
}

/** FNV-1a: any spread will do, as long as a gateway keeps its lane. */
function laneOf(gateway: string, lanes: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < gateway.length; at++) hash = Math.imul(hash ^ gateway.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % lanes;
}
