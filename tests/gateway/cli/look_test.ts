import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openSpool } from "../../../gateway/spool.ts";
import { freePort } from "../../fixtures/free_port.ts";
import { gatewayProcess } from "../../fixtures/gateway_process.ts";
import { gatewayVerb } from "../../fixtures/gateway_verb.ts";
import { plainBroker } from "../../fixtures/plain_broker.ts";
import { until } from "../../fixtures/until.ts";
import { simulateBus } from "../../simulator/mod.ts";
import { confirmingServer } from "../confirming_server.ts";

const words = (findings: { what: string; state: string }[]) =>
  Object.fromEntries(findings.map(({ what, state }) => [what, state]));

Deno.test("list, spool and doctor look at a gateway that runs, and at what it left, with its rights alone", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_look_" });
  try {
    await using bus = simulateBus({ ledger: `${folder}/ledger`, meters: 2, baudRate: 38_400 });
    await using broker = await plainBroker();
    await using server = await confirmingServer(broker.url, "GW-0001");
    server.confirms = false; // and no heartbeat asks: all stays in the spool
    await Deno.writeTextFile(`${folder}/token`, server.token);
    const path = `${folder}/config.yaml`;
    await Deno.writeTextFile(
      path,
      `gateway: GW-0001
dataFolder: data
mqtt: { url: "${broker.url}" }
platform: { url: "http://127.0.0.1:${freePort()}", tokenFile: token }
buses: [{ name: main, port: "${bus.url}", baudRate: 38400, interval: 1s, retries: 0, meters: [p1, p2, p77] }]
`,
    );
    {
      await using gateway = gatewayProcess(path);
      await until("two rounds are taken", () => server.readouts.length >= 4);
      await until(
        "all meters are known",
        async () => (await gatewayVerb(path, "list", "--json")).objects.every(({ state }) => state !== "unknown"),
      );
      const { objects, code } = await gatewayVerb(path, "list", "--json");
      assertEquals([code, objects.map(({ address, state }) => `${address} ${state}`)], [
        0,
        ["p1 online", "p2 online", "p77 offline"],
      ]);
      assertMatch(objects[0].lastReadAt, /^\d{4}-.*Z$/);

      const doctor = await gatewayVerb(path, "doctor", "--json");
      // The clock is this computer's own.
      const { clock: _clock, ...others } = words(doctor.objects);
      assertEquals(others, {
        configuration: "ok",
        permissions: "ok",
        "data folder": "ok",
        spool: "ok",
        certificates: "ok",
        platform: "fails",
        broker: "ok",
        "bus main": "warns",
      });
      assertStringIncludes(doctor.output, "these do not answer: p77");
      assertMatch(doctor.output, /can be written, [\d.]+ GB free|has \d+ MB left/);
      const [status] = (await gatewayVerb(path, "spool", "status", "--json")).objects;
      assert(status.depth >= 4 && status.parked === 0 && status.oldestReadAt !== null);
      await gateway.kill();
    }
    {
      using spool = openSpool(`${folder}/data/spool.db`);
      spool.park(1, "refused", "made up");
      const exported = await gatewayVerb(path, "spool", "export");
      assertEquals(
        exported.objects,
        spool.peek({ limit: 10_000 }).map((readout) => ({
          ...readout,
          frames: readout.frames.map((frame) => frame.toHex()),
        })),
      );
      const { output } = await gatewayVerb(path, "spool", "status");
      for (const told of ["refused: made up", "dropped    0", "salvaged   0"]) assertStringIncludes(output, told);
    }
    const listed = await gatewayVerb(path, "list");
    assertMatch(listed.output, /^main\s+p1\s+unknown\s+\d{4}-/m);
    assertMatch(listed.output, /^main\s+p77\s+unknown\s+-$/m);
    assertStringIncludes(listed.output, "No gateway runs here");
    const doctor = await gatewayVerb(path, "doctor");
    assertMatch(doctor.output, /^ok\s+broker\s+mqtt:\/\/127\.0\.0\.1:\d+ lets GW-0001 in$/m);
    assertMatch(doctor.output, /^ok\s+bus main\s+tcp:.* opens$/m);
    assertMatch(doctor.output, /^WARNS\s+spool\s+.*1 are set aside/m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("doctor says for each fault what to do, and exits with the code of the gravest", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_look_" });
  try {
    const path = `${folder}/config.yaml`;
    await Deno.writeTextFile(`${folder}/token`, "mbg_made-up");
    const text = `gateway: GW-0001
dataFolder: data
mqtt: { url: "mqtt://127.0.0.1:1" }
platform: { url: "http://127.0.0.1:1", tokenFile: token }
buses: [{ name: main, port: "tcp://127.0.0.1:1", meters: [p1] }]
`;
    await Deno.writeTextFile(path, text);
    const { code, objects } = await gatewayVerb(path, "doctor", "--json");
    assertEquals(code, 4);
    assertEquals(
      objects.filter(({ state }) => state === "fails").map(({ what }) => what),
      ["platform", "broker", "bus main"],
    );
    for (const { state, text } of objects) if (state === "fails") assertMatch(text, /^Cannot /);

    assertEquals((await gatewayVerb(path, "docter")).code, 2);
    assertStringIncludes((await gatewayVerb(path, "spool", "exprot")).errors, 'did you mean "spool export"?');
    assertStringIncludes((await gatewayVerb(path, "list", "--jsn")).errors, "did you mean --json?");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
