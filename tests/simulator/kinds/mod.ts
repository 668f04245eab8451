import type { MeterKind } from "../meter_kind.ts";
import { electricity } from "./electricity.ts";
import { heatCooling } from "./heat_cooling.ts";
import { heatCostAllocator } from "./heat_cost_allocator.ts";
import { heat } from "./heat.ts";
import { coldWater, warmWater } from "./water.ts";

/** Every simulated kind, in the order in which a segment is filled. */
export const METER_KINDS: readonly MeterKind[] = [
  heat,
  coldWater,
  warmWater,
  electricity,
  heatCostAllocator,
  heatCooling,
];
