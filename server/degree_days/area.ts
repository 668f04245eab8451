/** The kinds of areas: how one is written, and DMI's collection and query parameter for it. */
const AREA_ROWS = [
  [/^municipality:(\d{4})$/, "municipalityValue", "municipalityId"],
  [/^cell:(10km_\d{1,4}_\d{1,4})$/, "10kmGridValue", "cellId"],
  [/^cell:(20km_\d{1,4}_\d{1,4})$/, "20kmGridValue", "cellId"],
  [/^station:(\d{5})$/, "stationValue", "stationId"],
  [/^(country)$/, "countryValue", null],
] as const;

/** Where an area's values are found: a collection of the climateData API, and the parameter that selects the area. */
export interface AreaPlace {
  collection: string;
  query: Record<string, string>;
}

/**
 * Where the values of `municipality:0101`, `cell:10km_622_58` (EPSG:25832, metres divided by 10,000), `station:06180` or
 * `country` are found.
 *
 * @throws {Error} for anything else.
 */
export function placeOfArea(area: string): AreaPlace {
  for (const [pattern, collection, parameter] of AREA_ROWS) {
    const id = pattern.exec(area)?.[1];
    if (id !== undefined) return { collection, query: parameter === null ? {} : { [parameter]: id } };
  }
  throw new Error(
    `Cannot find area ${JSON.stringify(area)}: expected municipality:0101, cell:10km_622_58, station:06180 or country`,
  );
}

/** Whether it is written as an area. */
export function isArea(text: string): boolean {
  return AREA_ROWS.some(([pattern]) => pattern.test(text));
}
