/**
 * A simulated M-Bus segment with a ledger of its own, and the comparer that holds gateway and server against it.
 *
 * @module
 */
export * from "./byte_channel.ts";
export * from "./faults.ts";
export * from "./ledger.ts";
export * from "./meter.ts";
export * from "./manners.ts";
export * from "./meters.ts";
export * from "./population.ts";
export * from "./segment.ts";
export * from "./simulate_bus.ts";
export * from "./compare.ts";
