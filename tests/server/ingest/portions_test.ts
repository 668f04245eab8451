import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { readMessage } from "../../../server/ingest/incoming.ts";
import { createIngest } from "../../../server/ingest/mod.ts";
import { portionsOf } from "../../../server/ingest/portions.ts";
import { testDatabase } from "../../fixtures/private_postgres.ts";
import { heatMeterFrame, payload, readout } from "../../fixtures/readouts.ts";
import { siteOn } from "./ingest_cases.ts";

const now = new Date("2026-01-31T12:00:00.000Z");
/** A frame of 23 bytes: with its telegram's row, about four rows. */
const FRAME = heatMeterFrame();

/** A message of so many readouts, and one that is to be set aside. */
function message(readouts: number) {
  const inOrder = Array.from({ length: readouts }, (_, n) => readout({ seq: n + 1, frames: [FRAME] }));
  const farFuture = readout({ seq: readouts + 1, readAt: "2031-01-01T00:00:00.000Z" });
  return readMessage({ origin: "mqtt", gateway: "GW-0001", payload: payload([...inOrder, farFuture]) }, now);
}

Deno.test("portionsOf() keeps every readout in its order and its message, within the limit", () => {
  const rowsOf = (readouts: number) => readouts * (1 + FRAME.length / 8);
  fc.assert(fc.property(fc.array(fc.nat(9)), fc.integer({ min: 1, max: 40 }), (sizes, limit) => {
    const messages = sizes.map(message);
    const portions = portionsOf(messages, limit);
    const kept = messages.map(() => ({ seqs: [] as number[], setAside: 0 }));
    for (const portion of portions) {
      let readouts = 0;
      for (const { index, read } of portion) {
        assert("readouts" in read);
        kept[index]?.seqs.push(...read.readouts.map(({ seq }) => seq));
        if (kept[index] !== undefined) kept[index].setAside += read.setAside.length;
        readouts += read.readouts.length;
      }
      assert(readouts <= 1 || rowsOf(readouts) <= limit, `${readouts} readouts in a portion of ${limit} rows`);
    }
    const expected = sizes.map((size) => ({ seqs: Array.from({ length: size }, (_, n) => n + 1), setAside: 1 }));
    assertEquals(kept, expected);
  }));
});

Deno.test("portionsOf() leaves a usual batch whole", () => {
  assertEquals(portionsOf([message(50), message(50)], 20_000).map((portion) => portion.length), [2]);
});

Deno.test("ingest() stores a message that is too large for one statement in several, and answers once", async () => {
  await using at = await siteOn(await testDatabase());
  const { ingest, counts } = createIngest({ database: at.database, now: () => now, rowsPerStatement: 10 });
  const readouts = Array.from({ length: 7 }, (_, n) => {
    return readout({ seq: n + 1, readAt: `2026-01-31T11:00:0${n}.000Z`, frames: [heatMeterFrame({ energyKwh: n })] });
  });
  const bytes = payload([...readouts, readout({ seq: 8, readAt: "2031-01-01T00:00:00.000Z" })], { compress: true });
  const results = await ingest([
    { origin: "http", gateway: "GW-0001", payload: bytes },
    { origin: "http", gateway: "GW-0002", payload: payload([readout()], { gateway: "GW-0002" }) },
  ]);
  assertEquals(
    results.map(({ confirmation, stored, quarantined }) => [confirmation?.held, stored, quarantined]),
    [[[[1, 8]], 7, 1], [[[1, 1]], 1, 0]],
  );
  const [row] = await at.sql`
    select count(*)::integer as telegrams, count(distinct xmin::text)::integer as transactions from telegrams`;
  assertEquals({ ...row }, { telegrams: 8, transactions: 4 });
  assertEquals([counts.messages, counts.stored, counts.quarantined, counts.rewritten], [2, 8, 1, 0]);
});
