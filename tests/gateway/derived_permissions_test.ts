import { assert, assertEquals } from "@std/assert";
import { loadConfig } from "../../gateway/config.ts";
import { gatewayFlags } from "../../gateway/flags.ts";
import { gatewayProcess } from "../fixtures/gateway_process.ts";
import { notifySocket } from "../fixtures/notify_socket.ts";
import { plainBroker } from "../fixtures/plain_broker.ts";
import { until } from "../fixtures/until.ts";
import { simulateBus } from "../simulator/mod.ts";
import { confirmingServer } from "./confirming_server.ts";

Deno.test("the gateway's rights are just what it uses: each that is granted was asked for in a run, by Deno's own record", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_audit_" });
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
platform: { url: "${server.url}", tokenFile: token, heartbeat: 1s }
buses: [{ name: main, port: "${bus.url}", baudRate: 38400, interval: 1s, meters: [p1, p2] }]
`,
    );
    const notify = { socket: systemd.path, watchdogMs: 1_000 };
    const record = `${folder}/audit.jsonl`;
    {
      await using gateway = gatewayProcess(path, { notify, env: { DENO_AUDIT_PERMISSIONS: record } });
      await until(
        "everything has been done once",
        () => server.readouts.length > 0 && server.heartbeats.length > 0 && systemd.count("WATCHDOG=1") > 0,
      );
      assertEquals(await gateway.stop(), 0, gateway.log());
    }
    const asked = (await Deno.readTextFile(record)).split("\n").filter((line) => line !== "")
      .map((line): { permission: string; value: string | null } => JSON.parse(line));
    const wasAsked = (kind: string, granted: string) =>
      asked.some(({ permission, value }) =>
        permission === kind && (value === granted || value?.startsWith(`${granted}/`) === true)
      );
    const words = gatewayFlags(loadConfig(path, {}), path, notify);
    for (const word of words) {
      const [, kind = "", list = ""] = /^--allow-(\w+)=(.*)$/.exec(word) ?? [];
      for (const granted of list.split(",")) assert(wasAsked(kind, granted), `${kind} ${granted} was never asked for`);
    }
    const commented = await Deno.readTextFile(`${import.meta.dirname}/../../deno.json`);
    const { env } = JSON.parse(commented.replaceAll(/^\s*\/\/.*$/gm, "")).permissions.gateway;
    // It stands behind --config, which a process of a test is given.
    const variables: string[] = env.allow.filter((name: string) => name !== "MBUS_GW_CONFIG");
    for (const name of variables) assert(wasAsked("env", name), `env ${name} was never asked for`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
