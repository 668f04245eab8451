import { Random } from "../fuzz/random.ts";
import { testDatabase } from "../fixtures/private_postgres.ts";
import { referencePeriods } from "../server/consumption/reference.ts";
import { type Reading, site } from "../server/consumption/site.ts";

export interface ConsumptionSoakOptions {
  counters: number;
  days: number;
  seed: number;
}

/** How far what was kept up bit by bit is from what a reckoning of everything says in the end. */
export interface ConsumptionSoak {
  readings: number;
  revisions: number;
  /** Refreshes after a part of the readings had come. */
  refreshes: number;
  /** Periods compared, and those that differ. */
  compared: number;
  different: number;
  /** Sums of hours, of days and of months that are not the same. */
  unequalSums: number;
}

const HOUR = 3_600_000;
const START = Date.parse("2026-01-14T23:00:00Z");
const TIME_ZONE = "Europe/Copenhagen";

/**
 * Counters that roll over, are reset, fall silent and say nonsense now and then, read about every hour; the readings come
 * in disorder, up to 45 days late, some of them twice with another value. After each part consumption is brought up to date.
 */
export async function consumptionSoak({ counters, days, seed }: ConsumptionSoakOptions): Promise<ConsumptionSoak> {
  const random = new Random(seed);
  const chance = () => random.below(1_000_000) / 1_000_000;
  await using at = await site({ timeZone: TIME_ZONE, database: testDatabase });
  for (const meter of [1, 2]) await at.place(meter, "2020-01-01T00:00:00Z");
  const figures: ConsumptionSoak = {
    readings: 0,
    revisions: 0,
    refreshes: 0,
    compared: 0,
    different: 0,
    unequalSums: 0,
  };
  for (let round = 0; round < counters; round += 2) {
    const all = ["1", "2"].slice(0, counters - round).flatMap((series) => counted(chance, series, days));
    for (const table of ["readings", "consumption", "consumption_changes"]) await at.sql`delete from ${at.sql(table)}`;
    const revisions = all.filter(() => chance() < 0.01)
      .map((reading) => ({ ...reading, value: String(Math.floor(chance() * 2000)) }));
    const arriving = all.map((reading) => ({ reading, at: Number(reading.time) + delay(chance) }))
      .sort((a, b) => a.at - b.at).map(({ reading }) => reading);
    for (let from = 0; from < arriving.length; from += 500) {
      await at.take(arriving.slice(from, from + 500));
      await at.refresh();
      figures.refreshes++;
    }
    await at.take(revisions);
    await at.refresh();
    figures.readings += all.length;
    figures.revisions += revisions.length;
    for (const series of new Set(all.map((reading) => reading.series))) {
      const own = [...all, ...revisions].filter((reading) => reading.series === series);
      for (const unit of ["day", "month"] as const) {
        const kept = await at.consumption(unit, series);
        const wanted = referencePeriods(own, TIME_ZONE, unit);
        figures.compared += wanted.length;
        figures.different += Math.abs(kept.length - wanted.length) + wanted.filter(({ start, amount }, index) => {
          const [keptStart, keptAmount] = kept[index] ?? [];
          return keptStart !== start || keptAmount !== amount;
        }).length;
      }
    }
    const sums = await at.sql`
      select series_id, count(distinct total)::integer as totals
      from (select series_id, sum(amount) as total from consumption group by series_id, resolution) by_resolution
      group by series_id`;
    figures.unequalSums += sums.filter(({ totals }) => totals !== 1).length;
  }
  return figures;
}

function counted(chance: () => number, series: string, days: number): Reading[] {
  const readings: Reading[] = [];
  let value = Math.floor(chance() * 99_999);
  let saidNonsense = false;
  for (let time = START; time < START + days * 24 * HOUR;) {
    const saysNonsense = chance() < 0.003;
    // The gateway notes the jump there and the jump back.
    const jumped = saysNonsense || saidNonsense;
    readings.push({ series, time, value: String(saysNonsense ? Math.floor(chance() * 99_999) : value), jumped });
    saidNonsense = saysNonsense;
    const silent = chance() < 0.003 ? Math.floor(chance() * 8 * 24) : 0;
    time += (1 + silent) * HOUR + Math.floor((chance() - 0.5) * 60_000);
    value = chance() < 0.002 ? 0 : (value + Math.floor(chance() * 40)) % 100_000;
  }
  return readings;
}

/** Most come at once, some within a day, a few up to 45 days late. */
function delay(chance: () => number): number {
  const kind = chance();
  return kind < 0.9 ? 0 : chance() * (kind < 0.98 ? 24 : 45 * 24) * HOUR;
}
