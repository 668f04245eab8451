import { assertEquals } from "@std/assert";
import { noteSequenceGaps, selectGaps, without } from "../../../server/gateway_truth/sequence_gaps.ts";
import { tenantTransaction } from "../../../server/db/mod.ts";
import { EPOCH, readout } from "../../fixtures/readouts.ts";
import { site } from "../redecode/site.ts";

Deno.test("without() leaves what is not taken", () => {
  assertEquals(without([1n, 9n], [[1n, 2n], [5n, 5n], [9n, 9n]]), [[3n, 4n], [6n, 8n]]);
  assertEquals(without([1n, 3n], [[1n, 3n]]), []);
  assertEquals(without([4n, 6n], [[5n, 5n]]), [[4n, 4n], [6n, 6n]]);
});

Deno.test("noteSequenceGaps() tells what is missing and since when, and takes off what comes late", async () => {
  await using at = await site();
  await at.sql`
    update gateways set heartbeat = jsonb_build_object('epoch', ${EPOCH}::text), last_heartbeat_at = now()
    where gateway_id = 'GW-0001'`;
  const take = (...seqs: number[]) =>
    at.take(seqs.map((seq) => readout({ seq, readAt: `2026-01-31T11:00:${String(seq).padStart(2, "0")}.000Z` })));
  const gaps = async () => {
    await noteSequenceGaps(at.database);
    const rows = await tenantTransaction(at.database, 1, (tx) => selectGaps(tx, 1, "GW-0001"));
    return rows.map(({ first, last }) => [first, last]).toSorted(([a = 0], [b = 0]) => a - b);
  };
  await take(3, 4, 9);
  assertEquals(await gaps(), [[1, 2], [5, 8]]);
  const [before] = await at.sql`select since from sequence_gaps where first_seq = 5`;
  await take(6, 12);
  await Promise.all([noteSequenceGaps(at.database), noteSequenceGaps(at.database)]);
  assertEquals(await gaps(), [[1, 2], [5, 5], [7, 8], [10, 11]]);
  const [after] = await at.sql`select since from sequence_gaps where first_seq = 7`;
  assertEquals(after?.since, before?.since);
  await take(1, 2, 5, 7, 8, 10, 11);
  assertEquals(await gaps(), []);
  assertEquals(await gaps(), []);
});

Deno.test("noteSequenceGaps() counts what lies in the quarantine as here", async () => {
  await using at = await site();
  await at.sql`
    update gateways set heartbeat = jsonb_build_object('epoch', ${EPOCH}::text), last_heartbeat_at = now()
    where gateway_id = 'GW-0001'`;
  await at.take([readout({ seq: 1 }), readout({ seq: 2, readAt: "2031-01-01T00:00:00.000Z" }), readout({ seq: 3 })]);
  await noteSequenceGaps(at.database);
  assertEquals((await tenantTransaction(at.database, 1, (tx) => selectGaps(tx, 1, "GW-0001"))).length, 0);
});
