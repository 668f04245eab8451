import { describeError, EXIT, httpClient, mqttSession, type MqttSessionOptions } from "@mbus-gateway/resource";
import type { GatewayConfig } from "../config.ts";
import { mqttIdentity, platformAuthorities, platformIdentity } from "../credentials.ts";
import { fails, type Finding, ok, warns } from "./finding.ts";

/** A clock that is wrong by more than this spoils readings and, in time, certificates. */
const SKEW_MS = 60_000;
const LIMIT_MS = 10_000;

/** Whether the broker lets us in. Not to be asked while a gateway runs: a broker has one connection for each id. */
export async function brokerFinding(
  config: Pick<GatewayConfig, "gateway" | "mqtt">,
  connect: (options: MqttSessionOptions) => Promise<AsyncDisposable> = mqttSession,
): Promise<Finding> {
  try {
    await using _ = await connect({ ...await mqttIdentity(config), connectTimeoutMs: LIMIT_MS });
    return ok("broker", `${config.mqtt.url} lets ${config.gateway} in`);
  } catch (thrown) {
    return fails("broker", describeError(thrown), codeOf(thrown));
  }
}

/** Whether the platform answers, and what its clock says of ours. */
export async function platformFindings(platform: GatewayConfig["platform"], now: () => Date): Promise<Finding[]> {
  try {
    const { token } = platformIdentity(platform);
    if (token === "") {
      return [fails("platform", `${platform.tokenFile} is empty; write the token into it that the server gave`)];
    }
    await using http = httpClient({ caCerts: await platformAuthorities(platform) });
    const url = new URL("healthz", `${platform.url.replace(/\/*$/, "")}/`);
    const { headers } = await http.request("GET", url, { signal: AbortSignal.timeout(LIMIT_MS) });
    const theirs = Date.parse(headers.get("date") ?? "");
    return [ok("platform", `${platform.url} answers`), ...skewFinding(theirs - now().getTime())];
  } catch (thrown) {
    return [fails("platform", describeError(thrown), codeOf(thrown))];
  }
}

/** @param skewMs how far the server's clock is ahead; NaN where it says nothing. */
export function skewFinding(skewMs: number): Finding[] {
  if (!(Math.abs(skewMs) > SKEW_MS)) return [];
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  const text = `it is ${seconds} s ${
    skewMs > 0 ? "behind" : "ahead of"
  } the platform's; let systemd-timesyncd or chrony set it`;
  return [warns("clock", text)];
}

function codeOf(thrown: unknown): number {
  return thrown instanceof Deno.errors.NotCapable ? EXIT.permission : EXIT.failure;
}
