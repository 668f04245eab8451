import type { AvailabilityBoard } from "./availability.ts";
import type { BusConfig } from "./config.ts";

export interface StatusLineParts {
  buses: readonly Pick<BusConfig, "meters">[];
  board: Pick<AvailabilityBoard, "list">;
  /** Readouts that wait for a server. */
  depth: number;
  connected: boolean;
}

/** How the gateway does, in one line for `systemctl status`. */
export function statusLine({ buses, board, depth, connected }: StatusLineParts): string {
  const meters = buses.reduce((sum, bus) => sum + bus.meters.length, 0);
  const known = board.list();
  const silent = known.filter(({ state }) => state === "offline").length;
  const answering = known.length - silent;
  const of = `${answering} of ${meters} meters answer${silent > 0 ? `, ${silent} do not` : ""}`;
  const waiting = depth === 0 ? "nothing waits" : `${depth} ${depth === 1 ? "readout waits" : "readouts wait"}`;
  return `${of}; ${waiting}; broker ${connected ? "connected" : "not connected"}`;
}
