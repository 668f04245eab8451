import { findProgram } from "../../fixtures/needs.ts";
import { freshDatabase } from "../../fixtures/private_postgres.ts";

/**
 * The limit: the rows of another database by psql's COPY, table after table, into the same tables with the same indexes
 * and no rows.
 *
 * @returns how many seconds it took.
 */
export async function copySeconds(from: string): Promise<number> {
  const psql = findProgram("psql");
  if (psql === null) throw new Error("Cannot bench ingest: it needs psql");
  const folder = await Deno.makeTempDir();
  try {
    await using target = await freshDatabase();
    for (const table of ["telegrams", "readings"]) {
      await target.database.sql`select ensure_month(${table}, '2026-01-01')`;
      await run(psql, from, `\\copy (select * from ${table}) to '${folder}/${table}'`);
    }
    const start = performance.now();
    for (const table of ["telegrams", "readings"]) {
      await run(psql, target.url, `\\copy ${table} from '${folder}/${table}'`);
    }
    return (performance.now() - start) / 1000;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(psql: string, url: string, command: string) {
  const { success, stderr } = await new Deno.Command(psql, { args: ["-qX", "-d", url, "-c", command] }).output();
  if (!success) throw new Error(`Cannot run psql: ${new TextDecoder().decode(stderr)}`);
}
