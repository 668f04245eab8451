import type { Tx } from "../../db/mod.ts";
import {
  type AttributeRow,
  findMeter,
  latestAttributes,
  latestOfSeries,
  type LatestRow,
  type MeterRow,
} from "../meter_queries.ts";
import { isCounter, meterKind } from "./meter_kind.ts";
import type { PlotPoint } from "./plot.tsx";
import { periodPoints } from "./series_points.ts";

/** The periods that a plot may have: what the address says, what the page says, and the hours. */
export const PERIODS = [
  ["hour", "Last hour", 1],
  ["day", "Last day", 24],
  ["week", "Last week", 7 * 24],
  ["month", "Last month", 31 * 24],
  ["year", "Last year", 366 * 24],
  ["all", "All", null],
] as const;

export type Period = typeof PERIODS[number][0];

/** What a meter's own page shows. */
export interface MeterPageData {
  meter: MeterRow;
  series: LatestRow[];
  attributes: AttributeRow[];
  selected: LatestRow | null;
  period: Period;
  points: PlotPoint[];
}

const POINTS = 200;

/** A meter with all its series; null where this tenant has none of that id. */
export async function loadMeterPage(
  tx: Tx,
  tenantId: number,
  id: string,
  { seriesId, period, now }: { seriesId: string | null; period: Period; now: Date },
): Promise<MeterPageData | null> {
  const meter = await findMeter(tx, tenantId, id);
  if (meter === null) return null;
  const series = await latestOfSeries(tx, tenantId, id);
  const attributes = await latestAttributes(tx, tenantId, id);
  const selected = series.find(({ id }) => id === seriesId) ?? mainSeries(meter, series);
  const hours = PERIODS.find(([name]) => name === period)?.[2] ?? null;
  const from = hours === null ? null : new Date(now.getTime() - hours * 60 * 60 * 1000);
  const points = selected === null ? [] : await periodPoints(
    tx,
    tenantId,
    { seriesId: selected.id, relative: isCounter(selected.quantity) },
    { from, to: now, buckets: POINTS },
  );
  return { meter, series, attributes, selected, period, points };
}

/** The series that the meter's card plots, or the first one. */
function mainSeries({ deviceType }: MeterRow, series: LatestRow[]): LatestRow | null {
  const present = series.filter(({ function: kind, storageNumber, tariff, subunit, modifiers, occurrence }) =>
    kind === "instantaneous" && storageNumber + tariff + subunit + modifiers.length + occurrence === 0
  );
  const [main] = meterKind(deviceType).plot.flatMap((quantity) =>
    present.find((one) => one.quantity === quantity) ?? []
  );
  return main ?? present[0] ?? series[0] ?? null;
}
