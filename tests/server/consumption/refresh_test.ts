import { assertEquals } from "@std/assert";
import { placeMeter } from "../../../server/consumption/mod.ts";
import { tenantTransaction } from "../../../server/db/mod.ts";
import { type ConsumptionSite, type Reading, site } from "./site.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse("2025-12-31T23:00:00Z"); // the new year in Copenhagen

/** One reading an hour, counting up by `perHour`. */
function hourly(hours: number, { series = "1", from = START, value = 1000, perHour = 10 } = {}): Reading[] {
  return Array.from({ length: hours + 1 }, (_, index) => ({
    series,
    time: from + index * HOUR,
    value: String(value + index * perHour),
  }));
}

async function sums(at: ConsumptionSite) {
  const [row] = await at.sql`
    select trim_scale(sum(amount) filter (where resolution = 'hour'))::text as hours,
      trim_scale(sum(amount) filter (where resolution = 'day'))::text as days,
      trim_scale(sum(amount) filter (where resolution = 'month'))::text as months
    from consumption`;
  return [row?.hours, row?.days, row?.months];
}

Deno.test("refreshConsumption() makes hours, days and months by the property's calendar", async () => {
  await using at = await site();
  await at.place(1, "2020-01-01T00:00:00Z");
  await at.take(hourly(40 * 24));
  assertEquals(await at.refresh() > 0, true);
  assertEquals((await at.consumption("hour")).length, 960);
  const days = await at.consumption("day");
  assertEquals([days.length, days[0]], [40, ["2025-12-31T23:00:00.000Z", "240", ""]]);
  assertEquals(await at.consumption("month"), [
    ["2025-12-31T23:00:00.000Z", "7440", ""],
    ["2026-01-31T23:00:00.000Z", "2160", "partial"],
  ]);
  assertEquals(await at.refresh(), 0);
});

Deno.test("refreshConsumption() gives the days of summer time 23 and 25 hours", async () => {
  for (const [from, hours] of [["2026-03-28T23:00:00Z", 23], ["2026-10-24T22:00:00Z", 25]] as const) {
    await using at = await site();
    await at.place(1, "2020-01-01T00:00:00Z");
    await at.take(hourly(48, { from: Date.parse(from) }));
    await at.refresh();
    assertEquals((await at.consumption("day"))[0], [new Date(from).toISOString(), String(hours * 10), ""]);
    assertEquals((await at.consumption("hour")).filter(([, amount]) => amount !== "10"), []);
  }
});

Deno.test("refreshConsumption() shares a gap by time and marks what it guessed", async () => {
  await using at = await site();
  await at.place(1, "2020-01-01T00:00:00Z");
  await at.take([...hourly(24), ...hourly(24, { from: START + 4 * DAY, value: 1240 + 720 })]);
  await at.refresh();
  assertEquals((await at.consumption("day")).map(([, amount, words]) => [amount, words]), [
    ["240", ""],
    ["240", "interpolated"],
    ["240", "interpolated"],
    ["240", "interpolated"],
    ["240", ""],
  ]);
  assertEquals(await sums(at), ["1200", "1200", "1200"]);
});

Deno.test("refreshConsumption() corrects the sums for a reading that is 45 days late, and leaves the rest alone", async () => {
  await using at = await site();
  await at.place(1, "2020-01-01T00:00:00Z");
  const all = hourly(60 * 24);
  const late = all[10 * 24 + 12] as Reading;
  await at.take(all.filter((reading) => Math.abs(Number(reading.time) - Number(late.time)) > 20 * HOUR));
  await at.refresh();
  const before = await at.sql`select xmin::text, period_start from consumption where resolution = 'day' order by 2`;
  await at.take([{ ...late, value: String(Number(late.value) + 50) }]);
  await at.refresh();
  const days = await at.consumption("day");
  // 21 h around it are without readings: 260 before it, 160 after
  assertEquals(days.slice(8, 13).map(([, amount]) => amount), ["240", "261.428571", "240", "218.571429", "240"]);
  assertEquals(await sums(at), ["14400", "14400", "14400"]);
  const after = await at.sql`select xmin::text, period_start from consumption where resolution = 'day' order by 2`;
  const rewritten = after.filter(({ xmin }, index) => xmin !== before[index]?.xmin);
  assertEquals(rewritten.length, 3);
});

Deno.test("refreshConsumption() follows a revision, and a reading that is taken back", async () => {
  await using at = await site();
  await at.place(1, "2020-01-01T00:00:00Z");
  await at.take(hourly(48));
  await at.refresh();
  await at.take([{ series: "1", time: START + 24 * HOUR, value: "1300" }]);
  await at.refresh();
  assertEquals((await at.consumption("day")).map(([, amount]) => amount), ["300", "180"]);
  await at.sql`update readings set is_current = false where time = ${new Date(START + 24 * HOUR)}`;
  await at.refresh();
  assertEquals((await at.consumption("day")).map(([, amount]) => amount), ["240", "240"]);
});

Deno.test("refreshConsumption() is right over rollover 99,999 to 3, and a reset", async () => {
  await using at = await site();
  await at.place(1, "2020-01-01T00:00:00Z");
  const values = ["99990", "99999", "3", "10", "60", "0", "5"];
  await at.take(values.map((value, index) => ({ series: "1", time: START + index * HOUR, value })));
  await at.refresh();
  assertEquals((await at.consumption("hour")).map(([, amount, words]) => [amount, words]), [
    ["9", ""],
    ["4", "rollover"],
    ["7", ""],
    ["50", ""],
    ["0", "reset"],
    ["5", ""],
  ]);
  assertEquals((await at.consumption("month")).map((row) => row.slice(1)), [["75", "partial reset rollover"]]);
});

Deno.test("refreshConsumption() counts a unit on when its meter is swapped at 9,990 for one at 5", async () => {
  await using at = await site();
  const swap = START + 12 * HOUR;
  await at.place(1, "2020-01-01T00:00:00Z", new Date(swap).toISOString());
  await at.place(2, new Date(swap).toISOString());
  await at.take([
    ...hourly(11, { value: 9880 }), // until 9,990
    ...hourly(11, { series: "2", from: START + 13 * HOUR, value: 5 }),
  ]);
  await at.sql`
    insert into placement_readings (tenant_id, placement_id, moment, quantity, unit, value)
    values (1, 1, 'end', 'energy', 'Wh', 9998), (1, 2, 'start', 'energy', 'Wh', 2)`;
  await at.refresh();
  const hours = await at.sql`
    select period_start, sum(amount)::text as amount from consumption join placements using (tenant_id, placement_id)
    where unit_id = 1 and resolution = 'hour' group by 1 order by 1`;
  assertEquals(hours.map(({ amount }) => amount), [...Array(11).fill("10"), "8", "3", ...Array(11).fill("10")]);
  assertEquals((await at.consumption("day")).map((row) => row.slice(1)), [["118", "meter_changed"]]);
  assertEquals((await at.consumption("day", "2")).map((row) => row.slice(1)), [["113", "meter_changed"]]);
});

Deno.test("refreshConsumption() breaks one series where a meter without a name was swapped", async () => {
  await using at = await site();
  const swap = new Date(START + 12 * HOUR).toISOString();
  await at.place(1, "2020-01-01T00:00:00Z", swap);
  await at.place(1, swap);
  await at.sql`
    insert into placement_readings (tenant_id, placement_id, moment, quantity, unit, value)
    values (1, 1, 'end', 'energy', 'Wh', 9990), (1, 2, 'start', 'energy', 'Wh', 5)`;
  await at.take([...hourly(11, { value: 9880 }), ...hourly(11, { from: START + 13 * HOUR, value: 5 })]);
  await at.refresh();
  const amounts = (await at.consumption("hour")).map(([, amount]) => amount);
  assertEquals(amounts, [...Array(11).fill("10"), "0", "0", ...Array(11).fill("10")]);
});

Deno.test("refreshConsumption() counts neither states, nor stored values, nor what was measured in an error state", async () => {
  await using at = await site();
  await at.sql`
    insert into series (
      tenant_id, meter_id, quantity, unit, function, storage_number, tariff, subunit, modifiers, occurrence
    ) values
      (1, 1, 'power', 'W', 'instantaneous', 0, 0, 0, '', 0),
      (1, 1, 'energy', 'Wh', 'instantaneous', 1, 0, 0, '', 0),
      (1, 1, 'energy', 'Wh', 'error', 0, 0, 0, '', 0),
      (1, 1, 'energy', 'Wh', 'maximum', 0, 0, 0, '', 0),
      (1, 1, 'energy', 'Wh', 'instantaneous', 0, 0, 0, 'average', 0),
      (1, 1, 'energy', 'Wh', 'instantaneous', 0, 1, 0, 'backward', 0)`;
  await at.take(hourly(3)); // makes the month's table
  await at.sql`
    insert into readings (tenant_id, series_id, time, value, telegram_id, decoder_version)
    select 1, other.series_id, time, value, 1, 1 from readings cross join series other where other.series_id > 2`;
  await at.refresh();
  const rows = await at.sql`select distinct series_id::text as id from consumption`;
  assertEquals(rows.map(({ id }) => id).sort(), ["1", "8"]);
});

Deno.test("refreshConsumption() reckons a meter without a place by UTC, and again when it is placed", async () => {
  await using at = await site();
  await at.take(hourly(48));
  await at.refresh();
  assertEquals((await at.consumption("day")).map(([start, amount]) => [start, amount]), [
    ["2025-12-31T00:00:00.000Z", "10"],
    ["2026-01-01T00:00:00.000Z", "240"],
    ["2026-01-02T00:00:00.000Z", "230"],
  ]);
});

Deno.test("refreshConsumption() by several servers at once is done by whoever comes first, and by none twice", async () => {
  await using at = await site();
  await at.place(1, "2020-01-01T00:00:00Z");
  for (let day = 0; day < 6; day++) {
    await at.take(hourly(24, { from: START + day * DAY, value: 1000 + day * 240 }));
    await Promise.all([at.refresh(), at.refresh(), at.refresh()]);
  }
  await at.refresh();
  assertEquals((await at.consumption("day")).map(([, amount]) => amount), Array(6).fill("240"));
  assertEquals((await at.sql`select from consumption_changes`).length, 0);
});

Deno.test("refreshConsumption() reckons years of one change in parts, none of them without its neighbours", async () => {
  await using at = await site();
  await at.place(1, "2020-01-01T00:00:00Z");
  const everyFiveDays = Array.from({ length: 150 }, (_, index) => ({
    series: "1",
    time: START + index * 5 * DAY,
    value: String(index * 1200),
  }));
  await at.take(everyFiveDays);
  await at.sql`delete from consumption_changes`;
  await at.sql`
    insert into consumption_changes (tenant_id, first, last, series_ids)
    select 1, min(time), max(time), array[1] from readings`;
  await at.refresh();
  const days = await at.consumption("day");
  assertEquals([days.length, days.filter(([, amount]) => Math.abs(Number(amount) - 240) > 11)], [745, []]);
  assertEquals(await sums(at), ["178800", "178800", "178800"]);
});

Deno.test("refreshConsumption() leaves alone what it reckoned from readings that are kept no longer", async () => {
  await using at = await site();
  await at.take(hourly(80 * 24));
  await at.refresh();
  await at.sql`select drop_months_before('readings', '2026-02-15')`; // January and the month before
  const ofJanuary = async () => {
    const days = await at.consumption("day");
    return days.filter(([start]) => start < "2026-01-31").map((row) => row.slice(1));
  };
  const before = await ofJanuary();
  await tenantTransaction(at.database, 1, (tx) => {
    const from = "2020-01-01T00:00:00Z";
    return placeMeter(tx, 1, { unitId: "1", meter: "1", role: "heat", from, startReadings: [] });
  });
  await at.refresh();
  assertEquals([(await ofJanuary()).length, await ofJanuary()], [31, before]);
  const placed = await at.sql`select count(*)::int as n from consumption where placement_id = 1 and resolution = 'day'`;
  assertEquals(placed[0]?.n, 49);
});
