import { VERSION } from "@mbus-gateway/wire";
import type { AvailabilityBoard } from "../availability.ts";
import type { Clock, Timer } from "../clock.ts";
import type { Counts } from "../counts.ts";
import type { Link } from "../link.ts";
import type { Spool } from "../spool.ts";

/** How a gateway does at one moment, for health and metrics. */
export interface Figures {
  gateway: string;
  software: string;
  at: string;
  clock: "trusted" | "untrusted";
  uptimeSeconds: number;
  residentBytes: number;
  broker: { connected: boolean; connections: number };
  meters: { online: number; offline: number };
  /**
   * `oldestAgeSeconds`: of the readout that has waited longest, by the gateway's clock; null when nothing waits.
   * `dropped` for want of room and `salvaged` after damage: since the spool was made.
   */
  spool: { depth: number; parked: number; dropped: number; salvaged: number; oldestAgeSeconds: number | null };
  /** Since the process started. */
  counts: { taken: number; failed: number; sent: number; held: number };
  /** `counts.failed` by reason. */
  failures: Record<string, number>;
}

export interface FiguresSource {
  gateway: string;
  counts: Counts;
  spool: Pick<Spool, "status" | "peek">;
  board: Pick<AvailabilityBoard, "list">;
  link: Link;
  clock: Clock;
  timer: Timer;
  /** `timer.elapsed()` when the gateway started. */
  startedAt: number;
  residentBytes?: () => number;
}

/** Takes the figures of this moment. */
export function figuresOf(source: FiguresSource): Figures {
  const { gateway, counts, spool, board, link, clock, timer, startedAt } = source;
  const { residentBytes = () => Deno.memoryUsage().rss } = source;
  const now = clock.now();
  const states = board.list().map(({ state }) => state);
  const { depth, parked, dropped, salvaged } = spool.status();
  const [oldest] = depth === 0 ? [] : spool.peek({ limit: 1 });
  const ageMs = oldest === undefined ? null : now.getTime() - Date.parse(oldest.readAt);
  return {
    gateway,
    software: VERSION,
    at: now.toISOString(),
    clock: clock.trusted() ? "trusted" : "untrusted",
    uptimeSeconds: Math.floor((timer.elapsed() - startedAt) / 1_000),
    residentBytes: residentBytes(),
    broker: { connected: link.connected, connections: link.connections },
    meters: {
      online: states.filter((state) => state === "online").length,
      offline: states.filter((state) => state === "offline").length,
    },
    // A clock that was set back makes nothing younger than new.
    spool: {
      ...{ depth, parked, dropped, salvaged },
      oldestAgeSeconds: ageMs === null ? null : Math.max(0, Math.round(ageMs / 1_000)),
    },
    counts: counts.read(),
    failures: counts.failures(),
  };
}
