import { createHash } from "node:crypto";
import type { Database } from "./database.ts";
import foundation from "./migrations/0001_foundation.sql" with { type: "text" };
import ingest from "./migrations/0002_ingest.sql" with { type: "text" };
import consumption from "./migrations/0003_consumption.sql" with { type: "text" };
import meterKeys from "./migrations/0004_meter_keys.sql" with { type: "text" };
import telegramPacks from "./migrations/0005_telegram_packs.sql" with { type: "text" };
import reckoning from "./migrations/0006_reckoning.sql" with { type: "text" };
import { DatabaseError } from "./database.ts";

export interface Migration {
  name: string;
  sql: string;
}

/** In the order in which they are applied. An applied one is never changed: what comes after is another file. */
export const migrations: Migration[] = [
  { name: "0001_foundation", sql: foundation },
  { name: "0002_ingest", sql: ingest },
  { name: "0003_consumption", sql: consumption },
  { name: "0004_meter_keys", sql: meterKeys },
  { name: "0005_telegram_packs", sql: telegramPacks },
  { name: "0006_reckoning", sql: reckoning },
];

const MIGRATION_DEADLINE_MS = 10 * 60 * 1000;

/**
 * Applies what is missing, in one transaction. Several servers may start at once: an advisory lock lets one after the
 * other in, and those behind find nothing left to do.
 *
 * @returns the names of those applied now.
 * @throws {DatabaseError} when an applied migration is not what this program has under its name, or the database has
 * migrations that this program does not know (it is older than the data).
 */
export function migrate(database: Database, wanted: Migration[] = migrations): Promise<string[]> {
  return database.run(async (sql) => {
    return await sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(6410332, 1)`;
      await tx`
        create table if not exists schema_migrations (
          name       text primary key,
          sha256     text not null,
          applied_at timestamptz not null default now()
        )`;
      const applied = await tx<{ name: string; sha256: string }[]>`select name, sha256 from schema_migrations`;
      refuseOtherHistory(applied, wanted);
      const missing = wanted.filter(({ name }) => !applied.some((row) => row.name === name));
      for (const { name, sql: text } of missing) {
        await tx.unsafe(text).simple();
        await tx`insert into schema_migrations (name, sha256) values (${name}, ${sha256(text)})`;
      }
      return missing.map(({ name }) => name);
    });
  }, MIGRATION_DEADLINE_MS);
}

function refuseOtherHistory(applied: { name: string; sha256: string }[], wanted: Migration[]) {
  for (const row of applied) {
    const known = wanted.find(({ name }) => name === row.name);
    if (known === undefined) {
      throw new DatabaseError(
        `Cannot migrate: the database has ${row.name}, which this version does not know; update it`,
      );
    }
    if (sha256(known.sql) !== row.sha256) {
      throw new DatabaseError(
        `Cannot migrate: ${row.name} was applied with another text; an applied migration is final`,
      );
    }
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
