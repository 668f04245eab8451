import { assert } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import type { FramesReadout } from "@mbus-gateway/wire";
import { createIngest } from "../../../server/ingest/mod.ts";
import { databaseKnowledge } from "../../../server/meter_keys/knowledge.ts";
import { keySecret } from "../../../server/meter_keys/sealed_key.ts";
import { testDatabase } from "../../fixtures/private_postgres.ts";
import { payload } from "../../fixtures/readouts.ts";

export const SECRET = keySecret(new Uint8Array(32).fill(7));

/** A database with the gateway GW-0001, what knows keys, and what takes readouts in. */
export async function site() {
  const stack = new AsyncDisposableStack();
  const { database } = stack.use(await testDatabase());
  await database.sql`
    insert into gateways (tenant_id, gateway_id, token_hash)
    values (1, 'GW-0001', sha256('one')), (1, 'GW-0002', sha256('two'))`;
  const knowledge = databaseKnowledge(database, [SECRET], silentLog);
  const now = () => new Date("2026-01-31T12:00:00.000Z");
  const { ingest } = createIngest({ database, knowledge, now });
  return {
    database,
    sql: database.sql,
    knowledge,
    async take(readouts: FramesReadout[], gateway = "GW-0001") {
      const [result] = await ingest([{ origin: "mqtt", gateway, payload: payload(readouts, { gateway }) }]);
      assert(result !== undefined);
      return result;
    },
    /** Every revision: quantity, value, revision, whether current. */
    async readings() {
      const rows = await database.sql`
        select quantity, value::text, revision, is_current
        from readings join series using (tenant_id, series_id) order by readings.time, quantity, revision`;
      return rows.map((row) => [row.quantity, row.value, row.revision, row.is_current]);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
