/**
 * From counters to what was consumed by hour, day and month, exact and kept up with every change; and what was billed of it.
 *
 * @module
 */
export { refreshConsumption } from "./refresh.ts";
