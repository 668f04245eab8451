import type { SeriesRow } from "../meter_queries.ts";
import { quantityLabel } from "./meter_kind.ts";

/** "Energy, l1, maximum, storage 1, tariff 2, no. 2": all that tells a series from its neighbours. */
export function seriesLabel(series: Omit<SeriesRow, "id" | "unit">): string {
  const { quantity, function: kind, storageNumber, tariff, subunit, modifiers, occurrence } = series;
  return [
    quantityLabel(quantity),
    ...modifiers.map((name) => name.replaceAll("_", " ")),
    ...(kind === "instantaneous" ? [] : [kind === "error" ? "during an error" : kind]),
    ...(storageNumber === 0 ? [] : [`storage ${storageNumber}`]),
    ...(tariff === 0 ? [] : [`tariff ${tariff}`]),
    ...(subunit === 0 ? [] : [`subunit ${subunit}`]),
    ...(occurrence === 0 ? [] : [`no. ${occurrence + 1}`]),
  ].join(", ");
}

/** quantity:unit:function:sN:tN:uN, with :modifier,modifier and #occurrence where there are any. */
const ATTRIBUTE_KEY = /^([a-z0-9_]+):[^:]*:([a-z]+):s(\d+):t(\d+):u(\d+)(?::([^#]+))?(?:#(\d+))?$/;

/** The same for what a meter states, from the decoder's key of it; a key of another form is shown as it is. */
export function attributeLabel(key: string): string {
  const [, quantity, kind, storage, tariff, subunit, modifiers, occurrence] = ATTRIBUTE_KEY.exec(key) ?? [];
  if (quantity === undefined || kind === undefined) return key;
  return seriesLabel({
    quantity,
    function: kind,
    storageNumber: Number(storage),
    tariff: Number(tariff),
    subunit: Number(subunit),
    modifiers: modifiers?.split(",") ?? [],
    occurrence: Number(occurrence ?? 0),
  });
}
