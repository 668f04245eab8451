import { describeError, EXIT } from "@mbus-gateway/resource";
import type { RunningStatus } from "../cli/running_gateway.ts";
import type { BusConfig } from "../config.ts";
import { openTransport } from "../transport.ts";
import { fails, type Finding, ok, warns } from "./finding.ts";

/** How long a converter in the network may take to answer. */
const LIMIT_MS = 10_000;

/** Whether the lines of the buses can be opened. Not to be asked while a gateway has them open. */
export async function lineFindings(buses: readonly BusConfig[], open = openTransport): Promise<Finding[]> {
  const findings: Finding[] = [];
  // One after the other: each is a port of its own, and a failure is told in the order of the configuration.
  for (const { name, port, baudRate } of buses) {
    try {
      await using _ = await open({ port, baudRate }, { signal: AbortSignal.timeout(LIMIT_MS) });
      findings.push(ok(`bus ${name}`, `${port} opens`));
    } catch (thrown) {
      const code = thrown instanceof Deno.errors.NotCapable ? EXIT.permission : EXIT.device;
      findings.push(fails(`bus ${name}`, describeError(thrown), code));
    }
  }
  return findings;
}

/** What the gateway that runs knows of its buses. */
export function runningFindings(buses: readonly BusConfig[], { meters }: RunningStatus): Finding[] {
  return buses.map(({ name, meters: configured }) => {
    const known = meters.filter(({ bus }) => bus === name);
    const silent = known.filter(({ state }) => state === "offline").map(({ address }) => address);
    const what = `bus ${name}`;
    if (known.length === 0) return warns(what, "no meter has been asked yet; look again after its interval");
    if (silent.length === known.length) {
      return fails(what, "no meter answers; look at the level converter, the wiring and the baud rate", EXIT.device);
    }
    if (silent.length === 0) return ok(what, `${known.length} of ${configured.length} meters answer`);
    return warns(what, `these do not answer: ${silent.join(", ")}; look at their wiring, or correct their addresses`);
  });
}
