import { assertEquals, assertRejects } from "@std/assert";
import { ConfigurationError, silentLog } from "@mbus-gateway/resource";
import { parseConfig } from "../../gateway/config.ts";
import { holdTunnel } from "../../gateway/tunnel_command.ts";
import { freePort } from "../fixtures/free_port.ts";
import { needs } from "../fixtures/needs.ts";

/** The stand-in comes first, then deno for it and `timeout` for the script. */
const PATH = `${import.meta.dirname}/../fixtures:${Deno.execPath().replace(/\/[^/]+$/, "")}:/usr/bin:/bin`;

function configIn(folder: string, tunnel = "") {
  return parseConfig(
    `gateway: GW-0001
dataFolder: ${folder}
mqtt: { url: "mqtt://127.0.0.1:1883" }
platform: { url: "http://127.0.0.1:8080", tokenFile: token }
buses: [{ name: main, port: "tcp://127.0.0.1:10001", interval: 15m, meters: [p1] }]
${tunnel}`,
    { path: `${folder}/config.yaml`, env: {} },
  );
}

Deno.test({
  name: "holdTunnel() says until when the tunnel stands, and ends it when it is asked to stop",
  ...needs("timeout"),
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "mbus_tunnel_" });
    try {
      await Deno.writeTextFile(`${folder}/tunnel-token`, "ready-token-made-up");
      const config = configIn(folder, `tunnel: { tokenFile: tunnel-token, metricsPort: ${freePort()} }`);
      const controller = new AbortController();
      const said: string[] = [];
      const say = (line: string) => {
        said.push(line);
        controller.abort();
      };
      await holdTunnel(config, { signal: controller.signal, log: silentLog, say, path: PATH });
      const { gateway, startedAt, expiresAt } = JSON.parse(said.join(""));
      assertEquals(gateway, "GW-0001");
      assertEquals(Date.parse(expiresAt) - Date.parse(startedAt), 30 * 60 * 1000);
      await assertRejects(() => fetch(`http://127.0.0.1:${config.tunnel?.metricsPort}/ready`));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("holdTunnel() without a tunnel in the configuration says which key is missing", async () => {
  await assertRejects(
    () => holdTunnel(configIn("/tmp"), { signal: AbortSignal.timeout(0), log: silentLog, say: () => {} }),
    ConfigurationError,
    "tunnel.tokenFile",
  );
});
