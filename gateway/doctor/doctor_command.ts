import { EXIT, UsageError } from "@mbus-gateway/resource";
import { parseLookArguments } from "../cli/look_arguments.ts";
import { runningStatus } from "../cli/running_gateway.ts";
import { table } from "../cli/table.ts";
import { systemClock } from "../clock.ts";
import { type GatewayConfig, loadConfig, supervisionFromEnvironment } from "../config.ts";
import { gatewayFlags } from "../flags.ts";
import { lineFindings, receiverFindings, runningFindings } from "./buses.ts";
import { certificateFindings } from "./certificates.ts";
import { brokerFinding, platformFindings } from "./connections.ts";
import { fails, type Finding, ok } from "./finding.ts";
import { clockFinding, folderFinding, permissionFinding, spoolFinding } from "./places.ts";

const HELP = `doctor [--json] [--config FILE]

  Looks at everything that the gateway needs, with the gateway's own rights, and says for each what to do. A gateway
  that runs is asked, and not disturbed.

Exit codes: 0 all is well or will be for some time, 3 configuration, 4 device, 13 permission, 1 anything else.`;

/** Looks at everything. @returns the exit code of the gravest finding. */
export async function doctorCommand(args: string[]): Promise<number> {
  const { words, config: path, json, help } = parseLookArguments("doctor", args);
  if (words.length > 0) throw new UsageError(`Cannot examine "${words[0]}": doctor takes options only`);
  if (help) {
    console.log(HELP);
    return EXIT.ok;
  }
  const findings = [ok("configuration", path), ...await examine(loadConfig(path), path)];
  if (json) { for (const { code: _, ...finding } of findings) console.log(JSON.stringify(finding)); }
  else {console.log(
      table(findings.map(({ what, state, text }) => [state === "ok" ? state : state.toUpperCase(), what, text])),
    );}
  return exitCodeFor(findings);
}

/** Looks at all that a configuration names. */
export async function examine(config: GatewayConfig, path: string): Promise<Finding[]> {
  const { buses, radios, dataFolder, platform } = config;
  const clock = systemClock();
  const permissions = permissionFinding(gatewayFlags(config, path, supervisionFromEnvironment()));
  if (permissions.state === "fails") return [permissions]; // the rest would say the same in other words
  const running = await runningStatus(dataFolder, AbortSignal.timeout(5_000));
  return [
    permissions,
    folderFinding(dataFolder),
    spoolFinding(`${dataFolder}/spool.db`),
    clockFinding(clock),
    ...await certificateFindings(config, clock.now()),
    ...await platformFindings(platform, clock.now),
    ...(running === null
      ? [await brokerFinding(config), ...await lineFindings(buses), ...await receiverFindings(radios)]
      : [runningBroker(running.connected), ...runningFindings(buses, running)]),
  ];
}

function runningBroker(connected: boolean): Finding {
  if (connected) return ok("broker", "the gateway that runs here is connected");
  return fails("broker", "the gateway that runs here is not connected; its log says why");
}

/** The gravest: a configuration first, since nothing works without it. */
export function exitCodeFor(findings: readonly Finding[]): number {
  const codes = new Set(findings.filter(({ state }) => state === "fails").map(({ code = EXIT.failure }) => code));
  const gravest = [EXIT.configuration, EXIT.permission, EXIT.device, EXIT.failure].find((code) => codes.has(code));
  return gravest ?? EXIT.ok;
}
