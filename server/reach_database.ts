import { fullJitterBackoff, type Log } from "@mbus-gateway/resource";
import { abortable, delay } from "@std/async";
import { type Database, DatabaseError, openDatabase, type OpenDatabaseOptions } from "./db/mod.ts";

/**
 * Opens the database, and waits for one that is away, with full-jitter backoff.
 *
 * @throws the signal's reason when it aborts; a {@linkcode ConfigurationError} for a URL that can never work.
 */
export async function reachDatabase(
  { signal, log, ...options }: OpenDatabaseOptions & { signal: AbortSignal; log: Log },
): Promise<Database> {
  const backoff = fullJitterBackoff({ baseMs: 500, maxMs: 15_000 });
  for (;;) {
    signal.throwIfAborted();
    const opening = openDatabase({ ...options, log });
    try {
      return await abortable(opening, signal);
    } catch (error) {
      if (signal.aborted) opening.then((late) => late[Symbol.asyncDispose](), () => {}); // a stop does not wait for it
      if (!(error instanceof DatabaseError)) throw error;
      log.warn("Cannot start yet: waiting for the database", { error });
    }
    await delay(backoff.next(), { signal });
  }
}
