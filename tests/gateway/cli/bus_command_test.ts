import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { claimLines } from "../../../gateway/line_claim.ts";
import { childEnvironment } from "../../fixtures/gateway_process.ts";
import { runToEnd } from "../../fixtures/server_process.ts";
import { simulateBus } from "../../simulator/simulate_bus.ts";

const ROOT = `${import.meta.dirname}/../../..`;
/** The rights of `deno task bus`, and none beside. */
const BUS = ["-P=bus", "main.ts"];

async function line() {
  const folder = await Deno.makeTempDir({ prefix: "mbus_cli_" });
  const stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const bus = stack.use(
    await simulateBus({ ledger: `${folder}/ledger.ndjson`, meters: 3, port: 0 }),
  );
  return { folder, port: `tcp://127.0.0.1:${bus.port}`, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

Deno.test("read, set-address and set-clock work with --port alone, without a configuration, under their own rights", async () => {
  await using at = await line();
  const run = (...args: string[]) => runToEnd([...BUS, ...args, "--port", at.port]);
  const read = await run("read", "p2", "--json");
  assertEquals([read.code, read.stderr], [0, ""]);
  const { ok, result } = JSON.parse(read.stdout.trim().split("\n").at(-1) ?? "");
  assertEquals([ok, result.address, result.telegrams[0].identification], [true, "p2", "10001002"]);

  const forPeople = await run("read", "100010022d4d1216");
  assertEquals([forPeople.code, forPeople.stderr], [0, ""]);
  assertStringIncludes(forPeople.stdout, "SIM 10001002 cold_water");

  assertEquals((await run("set-address", "p3", "33")).stdout, "The meter answers at p33 now\n");
  assertStringIncludes((await run("read", "p33")).stdout, "SIM 10001003");
  assertStringIncludes((await run("set-clock", "p2", "2026-01-31T11:59")).stdout, "is set to 2026-01-31T11:59");
  assertEquals((await run("application-reset", "p2", "0x10")).stdout, "Meter p2 has acknowledged the reset\n");
  // The same by hand, EN 13757-3: data to the meter (CI 51), and in it another primary address (VIF 7A).
  assertEquals((await run("send", "p2", "0x51", "017A2A")).stdout, "Meter p2 has acknowledged the data\n");
  assertStringIncludes((await run("read", "p42")).stdout, "SIM 10001002");
});

Deno.test("a command of the bus says what is wrong and what to try next, and its exit code says whose fault it is", async () => {
  await using at = await line();
  const missing = `${ROOT}/data/no-such-config.yaml`;
  const cases: [args: string[], code: number, says: string][] = [
    [["read", "p2", "--port", "tcp://127.0.0.1:1"], 4, "check the converter's power, its address and port"],
    [["read", "p77", "--port", at.port, "--timeout-ms", "300"], 4, "nothing came within 323 ms"],
    [["read", "p2", "--port", "/dev/ttyUSB99"], 4, "is the adapter plugged in?"],
    [["set-address", "p1", "2", "--port", at.port], 4, "choose an address that is free"],
    [["set-address", "p255", "5", "--port", at.port], 2, "every meter would get it"],
    [["read", "p300", "--port", at.port], 2, "expected p0 to p250 or 16 hexadecimal digits"],
    [["read", "p2", "--port", "bogus"], 2, "is no line, expected"],
    [["set-clock", "p2", "yesterday", "--port", at.port], 2, "expected local time such as"],
    [["send", "p2", "0x100", "--port", at.port], 2, 'CI is "0x100", expected 0 to 255'],
    [["send", "p2", "0x51", "012", "--port", at.port], 2, "is no bytes as hex digits"],
    [["application-reset", "p2", "300", "--port", at.port], 2, 'SUBCODE is "300"'],
    [["read", "--port", at.port], 2, "expected ADDRESS"],
    [["scan", "--port", at.port, "--timeout-ms", "soon"], 2, '--timeout-ms is "soon", expected a whole number'],
    [["scan", "--timeout-ms", "2000"], 2, "--timeout-ms goes with --port"],
    [["read", "p2", "--config", missing], 3, "there is no such file"],
  ];
  for (const [args, code, says] of cases) {
    const { stdout, stderr, ...ended } = await runToEnd([...BUS, ...args]);
    const about = args.join(" ");
    assertEquals([ended.code, stdout], [code, ""], `${about}: ${stderr}`);
    assertStringIncludes(stderr, says, about);
    assertEquals(stderr.trim().split("\n").length, 1, `${about}: ${stderr}`);
  }
  const json = await runToEnd([...BUS, "read", "p77", "--port", at.port, "--baud", "38400", "--json"]);
  const { code, error } = JSON.parse(json.stdout);
  assertEquals([json.code, json.stderr, code], [4, "", "no_answer"]);
  assertStringIncludes(error, "check wiring, baud rate and address");
});

/** A configuration whose data folder is not the usual one. */
async function configured(folder: string, port: string) {
  await Deno.writeTextFile(`${folder}/token`, "secret");
  const path = `${folder}/config.yaml`;
  await Deno.writeTextFile(
    path,
    `gateway: GW-0001
dataFolder: data
mqtt: { url: "mqtt://127.0.0.1:1" }
platform: { url: "http://127.0.0.1:1", tokenFile: token }
buses: [{ name: main, port: "${port}", interval: 1h, meters: [p1] }]
`,
  );
  return path;
}

Deno.test("a command that has no right to the gateway's socket says how to get it", async () => {
  await using at = await line();
  const config = await configured(at.folder, at.port);
  const { code, stdout, stderr } = await runToEnd([...BUS, "read", "p1", "--config", config]);
  assertEquals([code, stdout], [13, ""]);
  assertStringIncludes(stderr, `data/control.sock: this program has no right to its socket; with "deno task gateway"`);
  assertEquals(stderr.trim().split("\n").length, 1, stderr);
});

Deno.test("a command opens the port itself where no gateway runs, and not while another command has it", async () => {
  await using at = await line();
  const config = await configured(at.folder, at.port);
  await Deno.mkdir(`${at.folder}/data`);
  const read = () => runToEnd(["-A", "main.ts", "read", "p2", "--config", config]);
  {
    using _other = claimLines(`${at.folder}/data`, "command");
    const { code, stdout, stderr } = await read();
    assertEquals([code, stdout], [4, ""]);
    assertStringIncludes(stderr, "Cannot read: another command on this machine talks to the meters; wait for its end");
  }
  const { code, stdout } = await read();
  assertEquals(code, 0);
  assertStringIncludes(stdout, "SIM 10001002");
});

Deno.test("scan tells each find as it comes, and one that is interrupted ends at once with its last line", async () => {
  await using at = await line();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", ...BUS, "scan", "--json", "--port", at.port],
    cwd: ROOT,
    env: { ...childEnvironment(), NO_COLOR: "1" },
    clearEnv: true,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  const lines: string[] = [];
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const pieces = (rest + text).split("\n");
    rest = pieces.pop() ?? "";
    for (const line of pieces) {
      lines.push(line);
      // All three are found; 247 silent addresses would follow.
      if (line.includes("10001003")) child.kill("SIGINT");
    }
  }
  assertEquals([(await child.status).code, await errors], [1, ""]);
  const found = lines.filter((line) => line.includes('"found"')).map((line) => JSON.parse(line).progress.meter.address);
  assertEquals(found, ["p1", "p2", "p3"]);
  assertEquals(JSON.parse(lines.at(-1) ?? "").code, "cancelled");
  assert(lines.every((line) => !line.includes("░")), "a progress bar where there is no terminal");
});
