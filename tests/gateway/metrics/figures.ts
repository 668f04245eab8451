import type { Figures } from "../../../gateway/metrics/figures.ts";

/** Figures as a gateway could have them. */
export const FIGURES: Figures = {
  gateway: "GW-0001",
  software: "1.2.3",
  at: "2026-01-31T12:00:00.000Z",
  clock: "trusted",
  uptimeSeconds: 61,
  residentBytes: 80_000_000,
  broker: { connected: true, connections: 2 },
  meters: { online: 3, offline: 1 },
  spool: { depth: 5, parked: 1, dropped: 3, salvaged: 1, oldestAgeSeconds: 90 },
  counts: { taken: 40, failed: 3, sent: 12, held: 35 },
  failures: { no_answer: 2, corrupt: 1 },
};
