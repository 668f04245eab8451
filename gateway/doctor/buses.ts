import { describeError, EXIT, exitCodeOf } from "@mbus-gateway/resource";
import type { RunningStatus } from "../cli/running_gateway.ts";
import type { BusConfig } from "../config.ts";
import type { RadioBusConfig } from "../radio/radio_config.ts";
import { openReceiverLine, STANDARD_INPUT } from "../radio/receiver_line.ts";
import { RECEIVERS } from "../radio/receivers/mod.ts";
import { openTransport } from "../transport.ts";
import { fails, type Finding, ok, warns } from "./finding.ts";

/** How long a converter in the network may take to answer. */
const LIMIT_MS = 10_000;

/** Whether the lines of the buses can be opened. Not to be asked while a gateway has them open. */
export async function lineFindings(buses: readonly BusConfig[], open = openTransport): Promise<Finding[]> {
  const findings: Finding[] = [];
  // One after the other: each is a port of its own, and a failure is told in the order of the configuration.
  for (const { name, port, baudRate } of buses) {
    findings.push(await lineFinding(name, port, (signal) => open({ port, baudRate }, { signal })));
  }
  return findings;
}

async function lineFinding(name: string, port: string, open: (signal: AbortSignal) => Promise<AsyncDisposable>) {
  try {
    await using _ = await open(AbortSignal.timeout(LIMIT_MS));
    return ok(`bus ${name}`, `${port} opens`);
  } catch (thrown) {
    return fails(
      `bus ${name}`,
      describeError(thrown),
      exitCodeOf(thrown) === EXIT.permission ? EXIT.permission : EXIT.device,
    );
  }
}

/** The same for wireless receivers. */
export async function receiverFindings(radios: readonly RadioBusConfig[], open = openReceiverLine): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, port, receiver, baudRate = RECEIVERS[receiver].baudRate } of radios) {
    if (port === STANDARD_INPUT) findings.push(ok(`bus ${name}`, `${receiver} is piped in when the gateway starts`));
    else findings.push(await lineFinding(name, port, (signal) => open({ port, baudRate }, { signal })));
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
