import { type Database, transaction } from "../db/mod.ts";

/**
 * Says that telegrams read before an instant may lie in packs from now on: whoever takes in a telegram as old as that
 * looks for it there too.
 *
 * @returns whether that was said long enough ago that no transaction is left which began before: only then may telegrams
 * be moved, for one that came meanwhile for the second time would be taken for new.
 */
export async function announcePacking(database: Database, readBefore: Date): Promise<boolean> {
  const before = readBefore.toISOString();
  const [row] = await transaction(database, async (tx) => {
    await tx`
      update tenants set packed_before = ${before}::text::timestamptz, packed_before_said_at = now()
      where packed_before is null or packed_before < ${before}::text::timestamptz`;
    return await tx<{ heard: boolean }[]>`
      select bool_and(packed_before_said_at < now() - ${HEARD_BY_ALL}::text::interval) as heard from tenants`;
  });
  return row?.heard ?? false;
}

/** Several times longer than a transaction may take (db/database.ts). */
const HEARD_BY_ALL = "5 minutes";
