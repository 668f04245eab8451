import { type Log, silentLog } from "@mbus-gateway/resource";
import { delay } from "@std/async";
import postgres from "postgres";
import { type DatabaseAddress, parseDatabaseUrl, placeOf } from "./database_url.ts";
import { watchWritePath } from "./write_path_guard.ts";

export type Sql = postgres.Sql;

export interface OpenDatabaseOptions {
  /** As {@linkcode parseDatabaseUrl} reads it. */
  url: string;
  /** 1 for the embedded database, which has one session; 4 by default. */
  maxConnections?: number;
  /** Milliseconds after which a transaction is given up and its connection replaced; 60,000 by default. */
  transactionDeadlineMs?: number;
  log?: Log;
}

/** A database that cannot be used; the text names the place, never the password. */
export class DatabaseError extends Error {
  override name = "DatabaseError";
}

/**
 * A pool of connections that is replaced as a whole when one is lost within a transaction: postgres.js 3.4.9 may leave
 * the work of a pool unsettled for ever then.
 */
export interface Database extends AsyncDisposable {
  /** Single statements as the login role. Ask for it each time: the pool behind it changes. */
  readonly sql: Sql;
  /** Runs work on the pool with the deadline; rejects when the pool is given up. {@linkcode transaction} builds on it. */
  run<T>(work: (sql: Sql) => Promise<T>, deadlineMs?: number): Promise<T>;
}

/** How long after a replacement the old connections may still be heard. */
const ECHO_MS = 250;

interface Pool {
  sql: Sql;
  /** The work under way, to be rejected when the pool is given up. */
  work: Set<(reason: unknown) => void>;
}

/**
 * Opens a pool and makes sure that the database answers.
 *
 * @throws {DatabaseError} when it does not: refused, no such database, wrong password.
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const { url, maxConnections = 4, transactionDeadlineMs = 60_000, log = silentLog } = options;
  const address = parseDatabaseUrl(url);
  const place = placeOf(address);
  const ca = address.tls?.ca ? await Deno.readTextFile(address.tls.ca) : undefined;
  const open = (): Pool => ({ sql: connect(address, ca, maxConnections), work: new Set() });
  let pool = open();
  let closed = false;
  let replacedAt = -Infinity;

  const replace = (lost: Pool, cause: unknown) => {
    if (closed || lost !== pool) return;
    pool = open();
    replacedAt = performance.now();
    log.warn("Cannot go on with the connections to the database: opening others", { database: place, error: cause });
    const error = new DatabaseError(`Cannot finish work: the connection to ${place} was lost`, { cause });
    for (const reject of lost.work) reject(error);
    void lost.sql.end({ timeout: 0 }).catch(() => {}); // its queries are rejected with it
  };
  // The error does not say whose it is: one that follows a replacement is the old pool's. Should that be wrong, the
  // deadline of the transaction decides.
  const unwatch = watchWritePath((error) => {
    if (performance.now() - replacedAt > ECHO_MS) replace(pool, error);
  });

  try {
    await pool.sql`select 1`;
  } catch (cause) {
    unwatch();
    await close(pool.sql, 0);
    const why = cause instanceof AggregateError ? cause.errors.map(String).join("; ") : (cause as Error).message;
    throw new DatabaseError(
      `Cannot reach database ${place}: ${why}; see that PostgreSQL runs there${
        address.tls ? " with TLS" : ""
      } and that ` +
        `DATABASE_URL is right`,
    );
  }

  return {
    get sql() {
      return pool.sql;
    },
    async run(work, deadlineMs = transactionDeadlineMs) {
      const used = pool;
      const givenUp = Promise.withResolvers<never>(); // of this work alone: what races against it goes with it
      used.work.add(givenUp.reject);
      const timer = setTimeout(() => {
        const error = new DatabaseError(`Cannot finish transaction: ${place} took longer than ${deadlineMs} ms`);
        givenUp.reject(error);
        replace(used, error);
      }, deadlineMs);
      const result = work(used.sql);
      result.catch(() => {}); // the loser of the race
      try {
        return await Promise.race([result, givenUp.promise]);
      } catch (error) {
        if (isConnectionLoss(error)) replace(used, error);
        throw error;
      } finally {
        clearTimeout(timer);
        used.work.delete(givenUp.reject);
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      unwatch();
      await close(pool.sql, 1); // whoever used it has ended; a connection that was lost once would wait for ever
    },
  };
}

/** What postgres.js and PostgreSQL say when a connection went away: driver codes, class 08, and an ordered end. */
export function isConnectionLoss(error: unknown): boolean {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === "string" && /^(CONNECTION_|ECONN|EPIPE|08|57P0)/.test(code);
}

function connect(address: DatabaseAddress, ca: string | undefined, max: number): Sql {
  const { host, port, socketFolder, user, password, name, tls } = address;
  return postgres({
    host: socketFolder ?? host,
    port,
    user,
    database: name,
    ...(password !== null && { password }),
    // host: postgres.js names no host for an address, and "localhost" would be looked for in the certificate then.
    ssl: tls === null ? false : { ca, host, rejectUnauthorized: true },
    max,
    max_lifetime: null,
    connect_timeout: 10,
    backoff: (attempt) => (0.5 + Math.random() / 2) * Math.min(0.05 * 2 ** attempt, 2), // seconds; its own goes up to 20
    onnotice: () => {},
    connection: { application_name: "mbus-server", TimeZone: "UTC" },
  });
}

async function close(sql: Sql, timeout: number) {
  await sql.end({ timeout });
  await delay(5); // its sockets close a moment later
}
