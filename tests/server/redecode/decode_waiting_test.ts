import { assertEquals, assertMatch } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { tenantTransaction } from "../../../server/db/mod.ts";
import { putMeterKeys } from "../../../server/meter_keys/meter_key_store.ts";
import { decodeWaiting } from "../../../server/redecode/decode_waiting.ts";
import { readout } from "../../fixtures/readouts.ts";
import { RADIO_KEY, RADIO_METER, radioFrame } from "../../fixtures/wireless_readouts.ts";
import { SECRET, site } from "./site.ts";

const waiting = { signal: new AbortController().signal, log: silentLog };
const { manufacturer, identification } = RADIO_METER;

async function put(at: Awaited<ReturnType<typeof site>>, key: Uint8Array) {
  await tenantTransaction(
    at.database,
    1,
    (tx) => putMeterKeys(tx, SECRET, [{ tenantId: 1, manufacturer, identification, key }]),
  );
}

Deno.test("a telegram whose key is missing is kept and confirmed, and decoded when the key arrives", async () => {
  await using at = await site();
  const result = await at.take([readout({ seq: 1, frames: [radioFrame()] })]);
  assertEquals([result.stored, result.confirmation?.held], [1, [[1, 1]]]);
  assertEquals(await at.readings(), []);
  const [row] = await at.sql`select waits_for, decode_error from telegrams`;
  assertEquals(row?.waits_for, "key MGW 87654321");
  assertMatch(row?.decode_error, /MGW 87654321.*key_missing/);

  await put(at, RADIO_KEY.map((byte) => byte ^ 1));
  await decodeWaiting({ ...at, ...waiting });
  const [wrong] = await at.sql`select waits_for, decode_error from telegrams`;
  assertEquals(wrong?.waits_for, "key MGW 87654321");
  assertMatch(wrong?.decode_error, /does not fit meter MGW 87654321.*key_wrong/);

  await put(at, RADIO_KEY);
  await decodeWaiting({ ...at, ...waiting });
  assertEquals(await at.readings(), [["external_temperature", "12.34", 1, true], ["volume", "12.345", 1, true]]);
  const [known] = await at.sql`select waits_for, decode_error, meter_id is not null as filed from telegrams`;
  assertEquals({ ...known }, { waits_for: null, decode_error: null, filed: true });
  await at.take([readout({ seq: 2, readAt: "2026-01-31T11:59:59.000Z", frames: [radioFrame({ accessNumber: 2 })] })]);
  assertEquals((await at.readings()).length, 4);
});

Deno.test("a compact frame waits for its format, which a full frame tells to every server", async () => {
  await using at = await site();
  await at.take([readout({ seq: 1, frames: [radioFrame({ encrypted: false, compact: true })] })]);
  assertMatch((await at.sql`select waits_for from telegrams`)[0]?.waits_for, /^format \d+$/);
  const full = radioFrame({ encrypted: false, litres: 12_346 });
  await at.take([readout({ seq: 2, readAt: "2026-01-31T11:59:59.000Z", frames: [full] })]);
  assertEquals((await at.sql`select count(*)::int as n from compact_formats`)[0]?.n, 1);
  await decodeWaiting({ ...at, ...waiting });
  const volumes = (await at.readings()).filter(([quantity]) => quantity === "volume");
  assertEquals(volumes.map(([, value]) => value), ["12.345", "12.346"]);
});

Deno.test("decodeWaiting() applies a key until every server has heard of it, then lets it rest", async () => {
  await using at = await site();
  await put(at, RADIO_KEY);
  await decodeWaiting({ ...at, ...waiting });
  // Another server that has not heard of the key yet took this one in.
  await at.take([readout({ seq: 1, frames: [radioFrame()] })]);
  await at.sql`update telegrams set waits_for = 'key MGW 87654321', meter_id = null, decode_error = 'key_missing'`;
  await at.sql`delete from readings`;
  await decodeWaiting({ ...at, ...waiting });
  assertEquals((await at.readings()).length, 2);
  await at.sql`update meter_keys set changed_at = changed_at - interval '10 minutes'`;
  await at.sql`update telegrams set waits_for = 'key MGW 87654321'`;
  await decodeWaiting({ ...at, ...waiting });
  assertEquals((await at.sql`select waits_for from telegrams`)[0]?.waits_for, "key MGW 87654321");
});
