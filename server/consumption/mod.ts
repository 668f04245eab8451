/**
 * From counters to what was consumed by hour, day and month, exact and kept up with every change; and what was billed of it.
 *
 * @module
 */
export { refreshConsumption } from "./refresh.ts";
export { noteTimeZone } from "./changes.ts";
export { readingsDroppedUntil } from "./reckonable.ts";
export { forgetRegisters } from "./registers.ts";
export { changePlacement, type PlacementChange, removePlacement } from "./change_placement.ts";
export { endPlacement, listPlacements, type Placement, placeMeter, type StatedReading } from "./placements.ts";
export {
  type BilledAmount,
  type BilledPeriod,
  type BillingPeriod,
  closeBillingPeriod,
  findBilledPeriod,
  listBillingPeriods,
  type NotClosed,
  openBillingPeriod,
} from "./billing_periods.ts";
export { type ConsumptionQuery, type ConsumptionRow, selectConsumption } from "./consumption_query.ts";
