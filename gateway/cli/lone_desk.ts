import type { Log } from "@mbus-gateway/resource";
import { type BusDesk, UnknownBus } from "../bus_desk.ts";
import type { BusConfig } from "../config.ts";
import { meterBus } from "../meter_bus.ts";
import { NOBODY_PASSES } from "../passage.ts";
import { openTransport } from "../transport.ts";

/** The buses of a command that runs where no gateway does: each job opens its line, and closes it. */
export function loneDesk(
  buses: readonly Pick<BusConfig, "name" | "port" | "baudRate" | "timeoutMs" | "retries">[],
  { log, open = openTransport }: { log: Log; open?: typeof openTransport },
): BusDesk {
  return {
    buses: buses.map(({ name }) => name),
    async ask(name, job, signal) {
      const bus = buses.find((bus) => bus.name === name);
      if (bus === undefined) {
        const known = buses.map(({ name }) => name).join(", ");
        throw new UnknownBus(`Cannot use bus ${name}: there is none of this name; there are ${known}`);
      }
      const { port, baudRate, timeoutMs, retries } = bus;
      await using line = await open({ port, baudRate }, { signal });
      return await job(meterBus(line, { baudRate, timeoutMs, retries, log }), signal, NOBODY_PASSES);
    },
  };
}
