import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../fixtures/free_port.ts";
import { gatewayProcess } from "../fixtures/gateway_process.ts";
import { plainBroker } from "../fixtures/plain_broker.ts";
import { mayMount, smallDisk } from "../fixtures/small_disk.ts";
import { until } from "../fixtures/until.ts";
import { simulateBus } from "../simulator/mod.ts";
import { confirmingServer } from "./confirming_server.ts";

const may = await mayMount();
if (!may) console.error("ignored: needs the right to mount a file system");

Deno.test({
  name:
    "the gateway program starts on a disk that is full to the last, reads on, and delivers by itself once there is room",
  ignore: !may,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "mbus_full_start_" });
    try {
      await using disk = await smallDisk();
      await using bus = simulateBus({ ledger: `${folder}/ledger`, meters: 2, baudRate: 38_400 });
      await using broker = await plainBroker();
      await using server = await confirmingServer(broker.url, "GW-0001");
      await Deno.writeTextFile(`${folder}/token`, server.token);
      const path = `${folder}/config.yaml`;
      const configure = (url: string) =>
        Deno.writeTextFile(
          path,
          `gateway: GW-0001
dataFolder: ${disk.folder}
mqtt: { url: "${url}" }
platform: { url: "${server.url}", tokenFile: token, heartbeat: 1s }
buses: [{ name: main, port: "${bus.url}", baudRate: 38400, interval: 1s, meters: [p1, p2] }]
`,
        );
      {
        await configure(`mqtt://127.0.0.1:${freePort()}`);
        await using gateway = gatewayProcess(path);
        await until("readouts are kept", () => server.heartbeats.some(({ spoolDepth }) => spoolDepth >= 2));
        await until("room is kept", () => isThere(`${disk.folder}/spool.db.ballast`));
        // In order: what lies beside the file is gone, and has to be made again to open it.
        assertEquals(await gateway.stop(), 0, gateway.log());
      }
      const before = server.heartbeats.at(-1);
      Deno.removeSync(`${disk.folder}/spool.db.ballast`);
      disk.fill("of-others");
      server.heartbeats.length = 0;
      await configure(broker.url);

      await using gateway = gatewayProcess(path);
      const last = () => server.heartbeats.at(-1);
      // Reading goes on: each readout that the disk does not take is counted.
      await until("readouts are not kept", () => (last()?.counts.failed ?? 0) >= 4);
      assertEquals([last()?.counts.taken, last()?.status], [0, "online"]);
      assertStringIncludes(gateway.log(), "the disk is full; make room on it");

      Deno.removeSync(`${disk.folder}/of-others`);
      await until("readouts are taken again", () => (last()?.counts.taken ?? 0) >= 2);
      await until("what was kept before is held", () => last()?.spoolDepth === 0 && (last()?.counts.held ?? 0) >= 4);
      assertEquals(last()?.epoch, before?.epoch, "it is the spool that was there");
      assertStringIncludes(gateway.log(), "There is room on the disk: the spool is open");
      assertEquals(await gateway.stop(), 0, gateway.log());
      assert(!gateway.log().includes("Z error"), gateway.log());
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
