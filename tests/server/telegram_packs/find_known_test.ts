import { assertEquals } from "@std/assert";
import type { Tx } from "../../../server/db/mod.ts";
import { telegramRows } from "../../../server/ingest/telegram_store.ts";
import { findKnown } from "../../../server/telegram_packs/find_known.ts";
import { findHeardInPacks } from "../../../server/telegram_packs/heard_in_packs.ts";
import { mayBePacked } from "../../../server/telegram_packs/may_be_packed.ts";
import { EPOCH, readout } from "../../fixtures/readouts.ts";

/** A transaction in which every statement is a failure. */
const noStatement = (() => {
  throw new Error("a statement was sent");
}) as unknown as Tx;

const owner = { tenantId: 1, gateway: "GW-0001", epoch: EPOCH, origin: "mqtt" } as const;

Deno.test("findKnown() asks the database nothing for telegrams that are fresh", async () => {
  const rows = telegramRows(owner, readout({ readAt: "2026-01-31T12:00:00.000Z" }));
  for (const packedBefore of [null, new Date("2026-01-31T12:00:00.000Z")]) {
    const isOld = mayBePacked([{ tenantId: 1, packedBefore }]);
    assertEquals((await findKnown(noStatement, rows, { expectNew: true, mayBePacked: isOld })).size, 0);
    assertEquals((await findHeardInPacks(noStatement, [])).size, 0);
  }
});

Deno.test("mayBePacked() knows each tenant's own, and takes a margin", () => {
  const [row] = telegramRows(owner, readout({ readAt: "2026-01-31T12:00:00.000Z" }));
  const other = { tenantId: 2, packedBefore: new Date("2027-01-01T00:00:00.000Z") };
  const at = (time: string, margin = 0) =>
    row !== undefined && mayBePacked([other, { tenantId: 1, packedBefore: new Date(time) }], margin)(row);
  assertEquals(at("2026-01-31T12:00:00.000Z"), false);
  assertEquals(at("2026-01-31T12:00:00.001Z"), true);
  assertEquals(at("2026-01-31T12:00:00.000Z", 1), true);
  assertEquals(row && mayBePacked([other])(row), false);
});
