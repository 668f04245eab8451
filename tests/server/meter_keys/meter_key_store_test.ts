import { assertEquals } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { ingestTransaction, tenantTransaction } from "../../../server/db/mod.ts";
import { databaseKnowledge } from "../../../server/meter_keys/knowledge.ts";
import { putMeterKeys, rotateMeterKeys } from "../../../server/meter_keys/meter_key_store.ts";
import { keySecret } from "../../../server/meter_keys/sealed_key.ts";
import { testDatabase } from "../../fixtures/private_postgres.ts";

const [old, current] = [keySecret(new Uint8Array(32).fill(1)), keySecret(new Uint8Array(32).fill(2))];
const meter = { manufacturer: "ELS", identification: "44493951", version: 1, deviceTypeCode: 4 };
const key = new Uint8Array(16).fill(3);

Deno.test("rotateMeterKeys() moves keys under the new secret, and names those that neither opens", async () => {
  await using at = await testDatabase();
  const { database } = at;
  const put = (secret: typeof old, identification: string) =>
    tenantTransaction(database, 1, (tx) => putMeterKeys(tx, secret, [{ tenantId: 1, ...meter, identification, key }]));
  await put(old, "44493951");
  await put(keySecret(new Uint8Array(32).fill(9)), "00000042");
  const rotation = await ingestTransaction(database, (tx) => rotateMeterKeys(tx, current, [current, old]));
  assertEquals([rotation.moved, rotation.stuck.map(({ identification }) => identification)], [1, ["00000042"]]);
  const knowledge = databaseKnowledge(database, [current], silentLog);
  await knowledge.refresh();
  assertEquals(knowledge.of(1).keys(meter), key);
  assertEquals(knowledge.of(1).keys({ ...meter, identification: "00000042" }), null);
  assertEquals(knowledge.of(2).keys(meter), null);
});
