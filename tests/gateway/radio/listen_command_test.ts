import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigurationError, createLog, silentLog, UsageError } from "@mbus-gateway/resource";
import { exists } from "../../../gateway/exists.ts";
import { superviseGateway } from "../../../gateway/supervise.ts";
import { until } from "../../fixtures/until.ts";
import { listenCommand, parseListenArguments } from "../../../gateway/radio/listen_command.ts";
import { keyOf, radioMeters } from "../../simulator/radio/radio_meter.ts";
import { simulateRadio } from "../../simulator/radio/simulate_radio.ts";

const CONFIG = `gateway: GW-0001
mqtt: { url: "mqtt://127.0.0.1:1883" }
platform: { url: "http://127.0.0.1:8080", tokenFile: token }
buses:
  - { name: main, port: "tcp://127.0.0.1:1", meters: [p1] }
`;

Deno.test("parseListenArguments() says what is wrong with a command line", () => {
  for (
    const [words, expected] of [
      ["--receiver cul", "--receiver and --port go together"],
      ["--receiver cal --port /dev/x", "expected one of im871a, amb8465, cul, rtl_wmbus, rtl_433"],
      ["--receiver cul --port /dev/x --modes C,T", '--modes is "C,T", expected what cul can hear: C, or T, or S'],
      ["--receiver cul --port /dev/x --modes X", '--modes is "X"'],
      [
        "--receiver cul --port stdin",
        "--port is stdin, expected tcp://HOST:PORT or a device, as cul is given commands",
      ],
      ["--modes C", "--modes goes with --receiver and --port"],
      ["--jason", "--jason"],
    ] as const
  ) assertThrows(() => parseListenArguments(words.split(" ")), UsageError, expected);
  assertEquals(parseListenArguments(["--help"]), null);
  const parsed = parseListenArguments("--receiver im871a --port /dev/x --modes t,c --json".split(" "));
  assertEquals(parsed?.direct, { receiver: "im871a", port: "/dev/x", modes: ["C", "T"] });
});

Deno.test("listen shows the wireless bus of a configuration, decoded with its keys, as lines or as JSON", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_listen_command_" });
  {
    const meters = radioMeters(3, { modes: ["T"] });
    await using radio = simulateRadio({ receiver: "cul", meters, ledger: `${folder}/ledger`, everyMs: 60 });
    const names = meters.map(({ meter }) => meter.identity.identification);
    await Deno.writeTextFile(`${folder}/keys`, names.map((name) => `${name} ${keyOf(name).toHex()}\n`).join(""));
    const bus = `  - { name: roof, receiver: cul, port: "${radio.url}", keysFile: keys }\n`;
    await Deno.writeTextFile(`${folder}/config.yaml`, CONFIG + bus);
    for (const json of [false, true]) {
      const stop = new AbortController();
      const lines: string[] = [];
      const say = (line: string) => lines.push(line) === 4 && stop.abort();
      const options = { config: `${folder}/config.yaml`, bus: null, direct: null, keys: null, json };
      await listenCommand(options, { signal: stop.signal, log: silentLog, say, turnMs: 20 });
      if (!json) assert(lines.every((line) => /SIM 5000100\d {2}.*(?:energy|volume)/.test(line)), lines.join("\n"));
      else assertEquals(lines.map((line) => JSON.parse(line).bus), ["roof", "roof", "roof", "roof"]);
    }
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("listen asks the gateway that runs, which alone has the receiver; keys that are named decode here", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_listen_command_" });
  {
    const meters = radioMeters(3, { modes: ["T"] });
    await using radio = simulateRadio({ receiver: "im871a", meters, ledger: `${folder}/ledger`, everyMs: 60 });
    const names = meters.map(({ meter }) => meter.identity.identification);
    await Deno.writeTextFile(`${folder}/keys`, names.map((name) => `${name} ${keyOf(name).toHex()}\n`).join(""));
    await Deno.writeTextFile(`${folder}/token`, "mbg_x\n");
    const bus = `  - { name: roof, receiver: im871a, port: "${radio.url}" }\n`;
    const path = `${folder}/config.yaml`;
    await Deno.writeTextFile(path, `${CONFIG}${bus}dataFolder: data\n`);
    const ending = new AbortController();
    const running = superviseGateway({ path, signal: ending.signal, log: createLog({ write: () => {} }) });
    await until("the gateway can be asked", () => exists(`${folder}/data/control.sock`));
    const open = () => Promise.reject(new Error("Cannot open the receiver: the gateway has it"));
    for (const keys of [null, `${folder}/keys`]) {
      const stop = new AbortController();
      const lines: string[] = [];
      const say = (line: string) => lines.push(line) === 6 && stop.abort();
      const options = { config: path, bus: null, direct: null, keys, json: false };
      await listenCommand(options, { signal: stop.signal, log: silentLog, say, open });
      const hidden = lines.some((line) => line.endsWith("encrypted: its key is not known"));
      assertEquals(hidden, keys === null, lines.join("\n"));
      assert(lines.every((line) => line.includes("dBm  SIM 5000100")), lines.join("\n"));
    }
    ending.abort();
    await running;
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("listen asks which wireless bus is meant, and says when there is none", async () => {
  const path = await Deno.makeTempFile({ prefix: "mbus_listen_command_" });
  const listen = (bus: string | null) => () =>
    listenCommand(
      { config: path, bus, direct: null, keys: null, json: false },
      { signal: new AbortController().signal, log: silentLog, say: () => {} },
    );
  await Deno.writeTextFile(path, CONFIG);
  assertStringIncludes((await assertRejects(listen(null), ConfigurationError)).message, "has no bus with a receiver");
  const radio = (name: string, port: number) =>
    `  - { name: ${name}, receiver: cul, port: "tcp://127.0.0.1:${port}" }\n`;
  await Deno.writeTextFile(path, CONFIG + radio("roof", 2) + radio("yard", 3));
  await assertRejects(listen(null), UsageError, "name one of roof, yard with --bus");
  await assertRejects(listen("cellar"), UsageError, 'there is no wireless bus "cellar"; there are roof, yard');
  await Deno.remove(path);
});
