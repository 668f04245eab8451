import { assertMatch, assertStringIncludes } from "@std/assert";
import { mqttSession } from "@mbus-gateway/resource";
import { freePort } from "../../fixtures/free_port.ts";
import { gatewayProcess } from "../../fixtures/gateway_process.ts";
import { plainBroker } from "../../fixtures/plain_broker.ts";
import { until } from "../../fixtures/until.ts";
import { simulateBus } from "../../simulator/mod.ts";
import { confirmingServer } from "../confirming_server.ts";

Deno.test("the gateway program tells Home Assistant, Prometheus and whoever asks for its health, with its rights alone", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_house_" });
  try {
    await using bus = simulateBus({ ledger: `${folder}/ledger`, meters: 2, baudRate: 38_400 });
    await using broker = await plainBroker();
    await using server = await confirmingServer(broker.url, "GW-0001");
    const heard = new Map<string, string>();
    await using house = await mqttSession({
      url: broker.url,
      clientId: "house",
      onMessage: ({ topic, payload }) => void heard.set(topic, new TextDecoder().decode(payload)),
    });
    for (const filter of ["homeassistant/#", "meters/+/+/state", "gateways/+/health"]) await house.subscribe(filter);
    await Deno.writeTextFile(`${folder}/token`, server.token);
    await Deno.writeTextFile(`${folder}/keys`, "12345678 000102030405060708090A0B0C0D0E0F\n");
    const path = `${folder}/config.yaml`;
    const port = freePort();
    await Deno.writeTextFile(
      path,
      `gateway: GW-0001
dataFolder: data
mqtt: { url: "${broker.url}" }
platform: { url: "${server.url}", tokenFile: token, heartbeat: 1s }
buses: [{ name: main, port: "${bus.url}", baudRate: 38400, interval: 1s, retries: 0, meters: [p1, p2, p77] }]
homeAssistant: { keysFile: keys }
metrics: { port: ${port} }
`,
    );
    await using gateway = gatewayProcess(path);
    const topics = (start: string) => [...heard.keys()].filter((topic) => topic.startsWith(start));
    await until("both meters are told", () => topics("meters/GW-0001/").length === 2);
    assertMatch(heard.get(topics("meters/GW-0001/")[0] ?? "") ?? "", /^\{"readAt":"\d{4}-.*","values":\{"/);
    assertMatch(heard.get(topics("homeassistant/sensor/GW-0001/")[0] ?? "") ?? "", /"expire_after":60,/);
    const metrics = async () => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    await until(
      "a silent meter is counted",
      async () => /failures_total\{.*reason="no_answer"\} \d/.test(await metrics()),
    );
    assertMatch(await metrics(), /^mbus_gateway_broker_connected\{gateway="GW-0001"\} 1$/m);
    await until("the health says so", () => (heard.get("gateways/GW-0001/health") ?? "").includes('"no_answer"'));
    assertStringIncludes(heard.get("gateways/GW-0001/health") ?? "", '"broker":{"connected":true,"connections":1}');
    const stopped = await gateway.stop();
    if (stopped !== 0) throw new Error(gateway.log());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
