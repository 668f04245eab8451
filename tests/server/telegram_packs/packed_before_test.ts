import { assertEquals } from "@std/assert";
import type { Tx } from "../../../server/db/mod.ts";
import { telegramRows } from "../../../server/ingest/telegram_store.ts";
import { findKnown } from "../../../server/telegram_packs/find_known.ts";
import { findHeardInPacks } from "../../../server/telegram_packs/heard_in_packs.ts";
import { PackedBefore } from "../../../server/telegram_packs/packed_before.ts";
import { EPOCH, readout } from "../../fixtures/readouts.ts";

/** A transaction that counts its statements, and answers each with these rows. */
function counting(rows: { before: Date }[]) {
  let statements = 0;
  const tx = (() => {
    statements++;
    return Promise.resolve(rows);
  }) as unknown as Tx;
  return { tx, statements: () => statements };
}

const owner = { tenantId: 1, gateway: "GW-0001", epoch: EPOCH, origin: "mqtt" } as const;
const rows = telegramRows(owner, readout({ readAt: "2026-01-31T12:00:00.000Z" }));
const decoded = rows.map((row) => ({
  ...{ ...row, telegramId: "1", meterId: null, decoderVersion: 1, decodeError: null, waitsFor: null },
  radioHash: new Uint8Array(32),
}));

Deno.test("fresh telegrams cost one statement a minute, and no other", async () => {
  const { tx, statements } = counting([{ before: new Date("2026-01-31T11:50:00.000Z") }]);
  let now = 0;
  const packedBefore = new PackedBefore(() => [now, 1e9 + now]);
  for (const [time, asked] of [[0, 1], [59_999, 1], [60_000, 2], [119_999, 2], [120_000, 3]] as const) {
    now = time;
    const mayBePacked = await packedBefore.ask(tx);
    await findKnown(tx, rows, { expectNew: true, mayBePacked });
    await findHeardInPacks(tx, decoded, mayBePacked);
    assertEquals([time, statements()], [time, asked]);
  }
});

Deno.test("PackedBefore asks again where either clock says that its answer is old, also one that was set back", async () => {
  const { tx, statements } = counting([]);
  let clocks = [0, 0];
  const packedBefore = new PackedBefore(() => clocks);
  for (const [next, asked] of [[[0, 0], 1], [[9, 60_000], 2], [[60_009, 60_000], 3], [[60_000, 60_001], 4]] as const) {
    clocks = [...next];
    await packedBefore.ask(tx);
    assertEquals([next, statements()], [next, asked]);
  }
});

Deno.test("PackedBefore tells what may be packed, with a margin", async () => {
  const [row] = rows;
  const may = async (before: { before: Date }[], margin?: number) =>
    row !== undefined && (await new PackedBefore().ask(counting(before).tx))(row, margin);
  const at = [{ before: new Date("2026-01-31T12:00:00.000Z") }];
  assertEquals(await may([]), false);
  assertEquals(await may(at), false);
  assertEquals(await may(at, 1), true);
  assertEquals(await may([{ before: new Date("2026-01-31T12:00:00.001Z") }]), true);
});
