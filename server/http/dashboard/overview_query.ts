import type { Tx } from "../../db/mod.ts";
import { type GatewayRow, listGateways } from "../gateways.ts";
import { listMeters, type MeterRow } from "../meter_queries.ts";
import { isCounter, meterKind } from "./meter_kind.ts";
import type { PlotPoint } from "./plot.tsx";
import { seriesPoints } from "./series_points.ts";

/** A series' newest value, of those that a card may show. */
export interface MainValue {
  seriesId: string;
  meterId: string;
  quantity: string;
  unit: string;
  time: Date;
  value: string;
}

/** A meter with what its card shows. */
export interface CardData {
  meter: MeterRow & { lastReadingAt: Date | null };
  values: MainValue[];
  plotted: { value: MainValue; points: PlotPoint[] } | null;
}

/** What the page shows. */
export interface Overview {
  gateways: GatewayRow[];
  /** Entries in quarantine, counted no further than {@linkcode MOST_COUNTED}. */
  quarantined: number;
  cards: CardData[];
  /** The last meter's id where there are more. */
  next: string | null;
}

const METERS_A_PAGE = 60;
const POINTS_A_CARD = 150;
/** Gateways in the status line. */
const MOST_GATEWAYS = 50;
export const MOST_COUNTED = 1000;

/** Four statements, whatever the number of meters; each walks an index. */
export async function loadOverview(tx: Tx, tenantId: number, after: string): Promise<Overview> {
  const gateways = await listGateways(tx, { tenantId, limit: MOST_GATEWAYS });
  const meters = await listMeters(tx, { tenantId, after, limit: METERS_A_PAGE });
  const values = Map.groupBy(await mainValues(tx, tenantId, meters.map(({ id }) => id)), ({ meterId }) => meterId);
  const cards = meters.map((meter) => chooseFor(meter, values.get(meter.id) ?? []));
  const plotted = cards.flatMap(({ plotted }) => plotted ?? []);
  const points = await seriesPoints(
    tx,
    tenantId,
    plotted.map(({ seriesId, quantity }) => ({ seriesId, relative: isCounter(quantity) })),
    POINTS_A_CARD,
  );
  return {
    gateways,
    quarantined: await countQuarantined(tx, tenantId),
    cards: cards.map(({ meter, shown, plotted }) => ({
      meter,
      values: shown,
      plotted: plotted === null ? null : { value: plotted, points: points.get(plotted.seriesId) ?? [] },
    })),
    next: meters.length === METERS_A_PAGE ? meters.at(-1)?.id ?? null : null,
  };
}

/** Present totals of the meters themselves: nothing stored, of a tariff, of a phase. */
async function mainValues(tx: Tx, tenantId: number, meterIds: string[]): Promise<MainValue[]> {
  if (meterIds.length === 0) return [];
  return await tx<MainValue[]>`
    select series.series_id::text as "seriesId", meter_id::text as "meterId", quantity, unit, latest.time, latest.value
    from series cross join lateral (
      select time, value::text from readings
      where readings.tenant_id = ${tenantId} and readings.series_id = series.series_id and is_current
      order by readings.time desc limit 1
    ) latest
    where series.tenant_id = ${tenantId} and meter_id = any (${`{${meterIds}}`}::text::bigint[])
      and function = 'instantaneous' and storage_number = 0 and tariff = 0 and subunit = 0 and modifiers = ''
      and occurrence = 0
    order by series.series_id`;
}

async function countQuarantined(tx: Tx, tenantId: number): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    select count(*)::integer as count
    from (select from quarantine where tenant_id = ${tenantId} limit ${MOST_COUNTED}) entries`;
  return row?.count ?? 0;
}

function chooseFor(meter: CardData["meter"], values: MainValue[]) {
  const { main, plot } = meterKind(meter.deviceType);
  const pick = (quantities: string[]) =>
    quantities.flatMap((quantity) => values.find((value) => value.quantity === quantity) ?? []);
  const known = pick(main);
  return { meter, shown: known.length > 0 ? known : values.slice(0, 4), plotted: pick(plot)[0] ?? values[0] ?? null };
}
