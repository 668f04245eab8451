import { assert, assertEquals } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { parseConfig } from "../../../gateway/config.ts";
import { exists } from "../../../gateway/exists.ts";
import { runGateway } from "../../../gateway/mod.ts";
import { freePort } from "../../fixtures/free_port.ts";
import { until } from "../../fixtures/until.ts";
import { readSpool } from "../../simulator/compare/spooled.ts";
import { readLedger } from "../../simulator/ledger.ts";
import { radioMeters } from "../../simulator/radio/radio_meter.ts";
import { simulateRadio } from "../../simulator/radio/simulate_radio.ts";
import { simulateBus } from "../../simulator/mod.ts";

Deno.test("runGateway() takes from wired and wireless buses side by side, without a broker and a server", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_both_" });
  {
    await using bus = simulateBus({ meters: 2, ledger: `${folder}/wired` });
    const meters = radioMeters(4);
    await using roof = simulateRadio({ receiver: "amb8465", meters, ledger: `${folder}/roof`, everyMs: 200 });
    await using yard = simulateRadio({ receiver: "rtl_433", meters, ledger: `${folder}/yard`, everyMs: 200 });
    const closed = freePort();
    await Deno.writeTextFile(`${folder}/token`, "mbg_x\n");
    const config = parseConfig(
      `gateway: GW-0001
dataFolder: data
mqtt: { url: "mqtt://127.0.0.1:${closed}" }
platform: { url: "http://127.0.0.1:${closed}", tokenFile: token }
buses:
  - { name: main, port: "${bus.url}", meters: [p1, p2] }
  - { name: roof, receiver: amb8465, port: "${roof.url}", interval: 1h }
  - { name: yard, receiver: rtl_433, port: "${yard.url}", interval: 1h, meters: ["${
        meters[0]?.meter.identity.identification
      }"] }
`,
      { path: `${folder}/config.yaml` },
    );
    const stop = new AbortController();
    const running = runGateway(config, { signal: stop.signal, log: silentLog });
    const spool = `${folder}/data/spool.db`;
    const taken = () => [...readSpool(spool).rows.values()].map(({ frames }) => frames[0] ?? "");
    // Two wired meters, four on the roof, one in the yard: each once in its interval.
    await until("each bus has brought its meters", () => exists(spool) && taken().length >= 7);
    stop.abort();
    await running;
    const answered = ["wired", "roof", "yard"].flatMap((book) =>
      [...readLedger(`${folder}/${book}`).values()].map(({ frames: [first = ""] }) => first)
    );
    assertEquals(taken().length, 7);
    assert(taken().every((frame) => answered.includes(frame)));
  }
  await Deno.remove(folder, { recursive: true });
});
