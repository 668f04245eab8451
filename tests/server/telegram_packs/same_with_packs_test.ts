import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { FramesReadout } from "@mbus-gateway/wire";
import { redecode } from "../../../server/redecode/redecode.ts";
import { testDatabase } from "../../fixtures/private_postgres.ts";
import { heatMeterFrame, readout } from "../../fixtures/readouts.ts";
import { radioFrame } from "../../fixtures/wireless_readouts.ts";
import { signal, type Site, siteOn } from "./site.ts";

/** What may happen to two servers alike; between the steps one of them packs. */
type Step = { take: FramesReadout[]; gateway: string } | { misread: number } | { redecode: true };

/**
 * A readout that may come again, or with other bytes, or from the other gateway too where it came by radio. Two readings
 * of one instant that differ would leave open which of them is right, with packs and without.
 */
const readoutOf = (gateway: string): fc.Arbitrary<FramesReadout> =>
  fc.record({
    seq: fc.integer({ min: 1, max: 12 }),
    day: fc.constantFrom("2026-01-05", "2026-01-31", "2026-02-01"),
    energyKwh: fc.integer({ min: 1, max: 2 }),
    frames: fc.constantFrom(1, 2),
    radio: fc.boolean(),
  }).map(({ seq, day, energyKwh, frames, radio }) =>
    readout({
      seq,
      readAt: `${day}T${seq % 2 === 0 ? "00" : "23"}:${String(4 * seq).padStart(2, "0")}:00.000Z`,
      frames: Array.from({ length: frames }, (_, index) =>
        radio
          ? radioFrame({ encrypted: false, litres: seq })
          : heatMeterFrame({ energyKwh, identification: `${gateway.slice(3)}000${index}` })),
    })
  );

const take = (gateway: string): fc.Arbitrary<Step> =>
  fc.record({ take: fc.array(readoutOf(gateway), { minLength: 1, maxLength: 6 }), gateway: fc.constant(gateway) });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: take("GW-0001") },
  { weight: 3, arbitrary: take("GW-0002") },
  { weight: 1, arbitrary: fc.record({ misread: fc.integer({ min: 2, max: 9 }) }) },
  { weight: 1, arbitrary: fc.constant({ redecode: true as const }) },
);

/** Does a step and tells what came of it. */
async function run(at: Site, step: Step): Promise<unknown> {
  if ("take" in step) return await at.take(step.take, step.gateway);
  if ("misread" in step) return void await at.sql`update readings set value = value * ${step.misread} where is_current`;
  const { changed, finished } = await redecode({ ...at, since: new Date(0), signal });
  return { changed, finished };
}

/** Everything that a server holds, telegrams and meters by their names: ids are given out otherwise. */
async function holdings({ sql }: Site) {
  const readings = await sql`
    select identity, quantity, occurrence, time::text, revision, value::text, is_current, gateway_id, seq::text, read_at::text, position
    from readings join series using (tenant_id, series_id) join meters using (tenant_id, meter_id)
      join telegrams using (tenant_id, telegram_id)
    order by 1, 2, 3, 4, 5`;
  const telegrams = await sql`
    select gateway_id, seq::text, read_at::text, position, encode(bytes, 'hex') as bytes, identity, decode_error
    from telegrams left join meters using (tenant_id, meter_id) order by 1, 2, 3, 4`;
  const quarantine =
    await sql`select code, gateway_id, seq::text, times::text from quarantine order by 1, 2, 3, payload`;
  return [readings, telegrams, quarantine].map((rows) => rows.map((row) => ({ ...row })));
}

Deno.test("a server whose old telegrams are packed takes in, refuses and decodes what one without packs does", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async (steps) => {
      await using plain = await siteOn(await testDatabase());
      await using packed = await siteOn(await testDatabase());
      for (const step of steps) {
        const expected = await run(plain, step);
        assertEquals(await run(packed, step), expected);
        await packed.pack({ perPack: 1 });
        assertEquals(await packed.held(), await plain.held());
      }
      await packed.unpack();
      assertEquals(await holdings(packed), await holdings(plain));
    }),
    { numRuns: 6, seed: 20260131, endOnFailure: true },
  );
});
