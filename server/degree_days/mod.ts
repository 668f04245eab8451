/**
 * Heating degree days of DMI's climate data: fetched daily, stored exactly, the newest value of a day wins.
 *
 * @module
 */
export { isArea } from "./area.ts";
export { degreeDayLoop, type DegreeDayLoopOptions, refreshDegreeDays } from "./degree_day_loop.ts";
export type { DegreeDay } from "./feature_collection.ts";
export {
  type DegreeDayRequest,
  type DegreeDaySource,
  DMI_CLIMATE_DATA,
  fetchDegreeDays,
  HEATING_DEGREE_DAYS,
} from "./fetch_degree_days.ts";
export { lastDegreeDay, storeDegreeDays } from "./store_degree_days.ts";
