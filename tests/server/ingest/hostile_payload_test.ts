import { assert, assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { createIngest } from "../../../server/ingest/mod.ts";
import { testDatabase } from "../../fixtures/private_postgres.ts";
import { EPOCH, payload, readout } from "../../fixtures/readouts.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const around = (readouts: string) =>
  utf8(
    `{"schema":"mbus-gateway/readouts","version":1,"gateway":"GW-0001","epoch":"${EPOCH}",` +
      `"sentAt":"2026-01-31T12:00:00.000Z","readouts":${readouts}}`,
  );
const DEEP = 200_000;

/** What comes, and the code under which it lies in the quarantine. */
const hostile: Record<string, [Uint8Array, string]> = {
  "nothing": [new Uint8Array(), "json"],
  "no JSON": [utf8("hello"), "json"],
  "bytes that are no text": [Uint8Array.of(0xff, 0xfe, 0x00, 0x80), "json"],
  "a JSON text of 300 kB": [utf8(JSON.stringify("x".repeat(300_000))), "schema"],
  "arrays 200,000 deep": [utf8("[".repeat(DEEP) + "]".repeat(DEEP)), "schema"],
  "a readout 200,000 deep": [around("[".repeat(DEEP) + "]".repeat(DEEP)), "too_large"],
  "a readout a million deep, of arrays and objects": [
    around(`[{"a":`.repeat(500_000) + "1" + "}]".repeat(500_000)),
    "too_large",
  ],
  "a gzip bomb": [gzipSync(new Uint8Array(64 * 1024 * 1024)), "too_large"],
  "half a gzip": [gzipSync(payload([readout()])).subarray(0, 40), "gzip"],
  "another version": [utf8('{"schema":"mbus-gateway/readouts","version":2}'), "version"],
  "another gateway's topic": [payload([readout()], { gateway: "GW-0002" }), "gateway_mismatch"],
  "a prototype": [around('[{"__proto__":{"seq":1},"constructor":{}}]'), "schema"],
};

Deno.test("ingest() sets hostile payloads aside, each with its code, and the flow goes on", async (t) => {
  await using at = await testDatabase();
  const { database } = at;
  await database.sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', sha256('one'))`;
  const { ingest } = createIngest({ database, now: () => new Date("2026-01-31T12:00:00.000Z") });
  let seq = 0;
  for (const [name, [bytes, code]] of Object.entries(hostile)) {
    await t.step(name, async () => {
      const good = payload([readout({ seq: ++seq, readAt: new Date(Date.UTC(2026, 0, 30, 0, seq)).toISOString() })]);
      const results = await ingest(
        [bytes, good].map((payload) => ({ origin: "mqtt", gateway: "GW-0001", payload: new Uint8Array(payload) })),
      );
      assertEquals(results.map(({ stored, quarantined }) => [stored, quarantined]), [[0, 1], [1, 0]]);
      const [row] = await database
        .sql`select code, length(payload)::int as bytes from quarantine order by quarantine_id desc`;
      assertEquals(row?.code, code);
      assert(row?.bytes <= 4 * 1024 * 1024);
    });
  }
});
