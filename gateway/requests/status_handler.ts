import { VERSION } from "@mbus-gateway/wire";
import type { AvailabilityBoard } from "../availability.ts";
import type { Clock } from "../clock.ts";
import type { GatewayConfig } from "../config.ts";
import type { Counts } from "../counts.ts";
import type { RadioDesk } from "../radio/radio_desk.ts";
import type { Spool } from "../spool.ts";
import { handler, type Handlers } from "./requests.ts";

export interface StatusParts {
  config: GatewayConfig;
  spool: Pick<Spool, "epoch" | "status">;
  counts: Counts;
  board: AvailabilityBoard;
  air: Pick<RadioDesk, "status">;
  clock: Clock;
  /** Whether the broker is connected. */
  link: { readonly connected: boolean };
}

/** `status`: how the gateway, its spool, its connection and its meters are. */
export function statusHandler({ config, spool, counts, board, air, clock, link }: StatusParts): Handlers {
  return {
    status: handler({}, () => {
      return Promise.resolve({
        gateway: config.gateway,
        software: VERSION,
        time: clock.now().toISOString(),
        clock: clock.trusted() ? "trusted" : "untrusted",
        connected: link.connected,
        epoch: spool.epoch,
        spool: spool.status(),
        counts: counts.read(),
        buses: config.buses.map(({ name, port, meters }) => ({ name, port, meters: meters.length })),
        meters: board.list(),
        radios: air.status(),
      });
    }, { harmless: true }),
  };
}
