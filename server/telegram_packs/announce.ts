import { type Database, transaction } from "../db/mod.ts";

/**
 * Says that telegrams read before an instant may lie in packs from now on: whoever takes in a telegram as old as that
 * looks for it there too.
 *
 * @returns whether that was said long enough ago that no server is left which has not heard of it: only then may telegrams
 * be moved, for one that came meanwhile for the second time would be taken for new.
 */
export async function announcePacking(database: Database, readBefore: Date): Promise<boolean> {
  const before = readBefore.toISOString();
  const [row] = await transaction(database, async (tx) => {
    await tx`
      insert into telegram_packing as said (packed_before) values (${before}::text::timestamptz)
      on conflict (only_row) do update set packed_before = excluded.packed_before, said_at = now()
        where said.packed_before < excluded.packed_before`;
    return await tx<{ heard: boolean }[]>`
      select said_at < now() - ${HEARD_BY_ALL}::text::interval as heard from telegram_packing`;
  });
  return row?.heard ?? false;
}

/** Longer than a server goes by its last answer (packed_before.ts), and a transaction then takes (db/database.ts). */
const HEARD_BY_ALL = "5 minutes";
