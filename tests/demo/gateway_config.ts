import type { DemoPlaces } from "./places.ts";
import type { DemoPorts } from "./ports.ts";

/** The id under which the demo's gateway is registered. */
export const GATEWAY = "GW-0001";

/** How many meters the demo's segment has: one of each kind. */
export const METERS = 6;

/** The demo gateway's configuration file. Every value is quoted as JSON, which is YAML too. */
export function gatewayConfig(ports: DemoPorts, places: DemoPlaces): string {
  const quoted = (text: string) => JSON.stringify(text);
  const meters = Array.from({ length: METERS }, (_, i) => `p${i + 1}`);
  return `# Written by the demo at each start. deploy/gateway.example.yaml explains every key.
gateway: ${GATEWAY}
dataFolder: ${quoted(places.gateway)}
mqtt:
  url: ${quoted(`mqtt://127.0.0.1:${ports.mqtt}`)}
  username: ${GATEWAY}
  passwordFile: ${quoted(places.gatewayToken)}
platform:
  url: ${quoted(`http://127.0.0.1:${ports.http}`)}
  tokenFile: ${quoted(places.gatewayToken)}
  heartbeat: 10s
buses:
  - name: main
    port: ${quoted(`tcp://127.0.0.1:${ports.mbus}`)}
    interval: 5s
    meters: [${meters.join(", ")}]
`;
}
