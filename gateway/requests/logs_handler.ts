import type { Log } from "@mbus-gateway/resource";
import * as v from "valibot";
import { handler, type Handlers } from "./requests.ts";

/** `logs`: the newest lines of the log, as far as it remembers; secrets never stand in them. */
export function logsHandler(log: Log): Handlers {
  const Limit = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000)), 100);
  return {
    logs: handler({ limit: Limit }, ({ limit }) => Promise.resolve({ lines: log.recent(limit) }), { harmless: true }),
  };
}
