import { assertEquals } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { packTelegrams } from "../../../server/telegram_packs/pack_telegrams.ts";
import { EPOCH, heatMeterFrame, payload, readout } from "../../fixtures/readouts.ts";
import { OTHER_TOKEN, site } from "./site.ts";

Deno.test("GET /api/v1/meters/{id}/telegrams/{telegram} shows what a reading comes from, as a row and in a pack", async () => {
  await using at = await site();
  const frames = [heatMeterFrame(), heatMeterFrame({ energyKwh: 7, accessNumber: 2 })];
  const readAt = "2026-01-31T11:59:58.123Z";
  await at.ingest([{
    origin: "mqtt",
    gateway: "GW-0001",
    payload: payload([readout({ seq: 17, readAt, frames, rssi: -71, flags: ["implausible_jump"] })]),
  }]);
  await at.sql`update telegrams set received_at = '2026-01-31T12:00:00Z'`;
  const { json: { readings } } = await at.api("GET", "/api/v1/readings");
  const [, second] = readings;
  const path = `/api/v1/meters/${second.meter}/telegrams/${second.telegram}`;
  const row = (await at.api("GET", path)).json;
  assertEquals(row, {
    ...{ id: second.telegram, meter: second.meter, gateway: "GW-0001", epoch: EPOCH, seq: 17, position: 1 },
    ...{ bus: "main", address: "p5", readAt, clock: "trusted", correctedReadAt: null },
    ...{ receivedAt: "2026-01-31T12:00:00.000Z", kind: "frame", bytes: frames[1]?.toHex() },
    ...{ rssi: -71, flags: ["implausible_jump"], decoderVersion: row.decoderVersion, decodeError: null },
  });

  const now = () => new Date("2026-03-16T10:00:00.000Z");
  const pack = packTelegrams({ database: at.database, afterDays: 30, now, log: silentLog });
  const { signal } = new AbortController();
  await pack(signal);
  await at.sql`update telegram_packing set said_at = now() - interval '1 hour'`;
  await pack(signal);
  assertEquals((await at.sql`select count(*)::int as n from telegrams`)[0]?.n, 0);
  assertEquals((await at.api("GET", path)).json, row);

  for (
    const [other, token] of [
      [path, OTHER_TOKEN],
      [`/api/v1/meters/999/telegrams/${second.telegram}`, undefined],
      [`/api/v1/meters/${second.meter}/telegrams/999`, undefined],
      [`/api/v1/meters/${second.meter}/telegrams/x`, undefined],
    ] as const
  ) assertEquals((await at.api("GET", other, { token })).status, 404);
});
