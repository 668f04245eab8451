import type { Log } from "@mbus-gateway/resource";
import type { ServerConfig } from "../config.ts";
import { type Database, migrate, openDatabase } from "../db/mod.ts";
import { databasePart } from "../parts.ts";

/**
 * Runs a command's work on the configured database, migrated; with the embedded one only while no server runs on it.
 *
 * @throws {DatabaseError} when it cannot be reached; {@linkcode ConfigurationError} when a server holds the folder.
 */
export async function withDatabase<T>(
  config: ServerConfig,
  log: Log,
  body: (database: Database) => Promise<T>,
): Promise<T> {
  await using stored = await databasePart(config, log);
  await using database = await openDatabase({ url: stored.url, maxConnections: stored.maxConnections, log });
  await migrate(database);
  return await body(database);
}
