import { delay } from "@std/async";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { gatewayProcess } from "../fixtures/gateway_process.ts";
import { notifySocket } from "../fixtures/notify_socket.ts";
import { plainBroker } from "../fixtures/plain_broker.ts";
import { until } from "../fixtures/until.ts";
import { simulateBus } from "../simulator/mod.ts";
import { confirmingServer } from "./confirming_server.ts";

Deno.test("the gateway program feeds systemd's watchdog with its rights alone; SIGSTOP starves it, a new start reads on", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_supervision_" });
  try {
    await using bus = simulateBus({ ledger: `${folder}/ledger`, meters: 2, baudRate: 38_400 });
    await using broker = await plainBroker();
    await using server = await confirmingServer(broker.url, "GW-0001");
    using systemd = notifySocket(`${folder}/notify`);
    await Deno.writeTextFile(`${folder}/token`, server.token);
    const path = `${folder}/config.yaml`;
    await Deno.writeTextFile(
      path,
      `gateway: GW-0001
dataFolder: data
mqtt: { url: "${broker.url}" }
platform: { url: "${server.url}", tokenFile: token }
buses: [{ name: main, port: "${bus.url}", baudRate: 38400, interval: 1s, meters: [p1, p2] }]
`,
    );
    const notify = { socket: systemd.path, watchdogMs: 600 };
    {
      await using hung = gatewayProcess(path, { notify });
      await until("it is ready and fed", () => systemd.count("READY=1") === 1 && systemd.count("WATCHDOG=1") >= 3);
      Deno.kill(hung.pid, "SIGSTOP");
      await delay(300); // what was on its way
      const fed = systemd.count("WATCHDOG=1");
      await delay(2 * notify.watchdogMs);
      assertEquals(systemd.count("WATCHDOG=1"), fed);
      await hung.kill(); // as systemd does
    }
    await using gateway = gatewayProcess(path, { notify });
    await until("it is ready again", () => systemd.count("READY=1") === 2);
    const before = server.readouts.length;
    await until("it reads on", () => server.readouts.length > before);
    await until(
      "it tells how it does",
      () =>
        systemd.messages.some((lines) =>
          lines.includes("STATUS=2 of 2 meters answer; nothing waits; broker connected")
        ),
    );
    assertEquals(await gateway.stop(), 0, gateway.log());
    await until("it said that it stops", () => systemd.count("STOPPING=1") === 1);
    assertMatch(systemd.messages[0]?.[1] ?? "", /^STATUS=0 of 2 meters answer/);
    assert(!gateway.log().includes("error"), gateway.log());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
