import { X509Certificate } from "node:crypto";
import { describeError, EXIT, refuseUnusableIdentity } from "@mbus-gateway/resource";
import type { GatewayConfig } from "../config.ts";
import { mqttIdentity } from "../credentials.ts";
import { fails, type Finding, ok, warns } from "./finding.ts";

const DAY_MS = 86_400_000;
/** From so many days before its end on, a certificate is spoken of. */
const SOON_DAYS = 30;

/** Whether the files for the broker can be used, and for how long. */
export async function certificateFindings(
  config: Pick<GatewayConfig, "gateway" | "mqtt">,
  now: Date,
): Promise<Finding[]> {
  if (config.mqtt.url.startsWith("mqtt:")) return [ok("certificates", "none: the broker is on this computer")];
  try {
    const identity = await mqttIdentity(config);
    refuseUnusableIdentity(identity, now);
    return [
      ...(identity.ca === undefined ? [] : [lifeOf("mqtt.ca", identity.ca, now)]),
      ...(identity.cert === undefined ? [] : [lifeOf("mqtt.cert", identity.cert, now)]),
      ...nameFinding(config.gateway, identity.cert),
    ];
  } catch (thrown) {
    const code = thrown instanceof Deno.errors.NotCapable ? EXIT.permission : EXIT.configuration;
    return [fails("certificates", describeError(thrown), code)];
  }
}

/** How long a certificate still lives; the first one where a file holds several. */
export function lifeOf(what: string, pem: string, now: Date): Finding {
  const { validFrom, validTo } = new X509Certificate(pem);
  const days = Math.floor((Date.parse(validTo) - now.getTime()) / DAY_MS);
  const until = new Date(validTo).toISOString().slice(0, 10);
  if (Date.parse(validFrom) > now.getTime()) {
    const from = new Date(validFrom).toISOString();
    return fails(what, `it is valid from ${from} on; correct this computer's clock, or wait`, EXIT.configuration);
  }
  if (days < 0) {
    return fails(what, `it expired on ${until}; replace the file, no restart is needed`, EXIT.configuration);
  }
  if (days < SOON_DAYS) return warns(what, `it expires on ${until}, in ${days} days; replace the file before`);
  return ok(what, `valid until ${until}`);
}

/** A broker that binds topics to the certificate's name grants nothing to another one. */
function nameFinding(gateway: string, cert: string | undefined): Finding[] {
  if (cert === undefined) return [];
  const name = /(?:^|\n)CN=(.*)/.exec(new X509Certificate(cert).subject)?.[1];
  if (name === gateway) return [];
  return [
    warns(
      "mqtt.cert",
      `its common name is ${
        name ?? "missing"
      }, the gateway is ${gateway}: the broker's access rules go by the certificate; have one issued for ${gateway}`,
    ),
  ];
}
