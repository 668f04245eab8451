import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { libcPath } from "../../gateway/flags.ts";
import { loadLibc } from "../../gateway/libc.ts";
import { meterBus } from "../../gateway/meter_bus.ts";
import { openTransport, TransportClosed } from "../../gateway/transport.ts";
import { readLedger } from "./ledger.ts";
import { TestMaster } from "./test_master.ts";

// Stays open for the whole process, as in the gateway.
await loadLibc();

const MAIN = `${import.meta.dirname}/main.ts`;

/** Starts the program with the permissions that it needs, and none besides. */
function start(folder: string, ...more: string[]) {
  const pty = more.includes("--pty");
  const read = pty ? `${folder},${libcPath()}` : folder;
  const rights = ["--no-prompt", "--allow-net=127.0.0.1", `--allow-read=${read}`, `--allow-write=${folder}`];
  if (pty) rights.push(`--allow-ffi=${libcPath()}`, "--ignore-env");
  const args = [
    "--ledger",
    `${folder}/ledger.ndjson`,
    "--state",
    `${folder}/state.json`,
    "--meters",
    "3",
    "--ignore-sigint",
    ...more,
  ];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", ...rights, MAIN, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function readyPort(stdout: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<number> {
  for await (const text of stdout.pipeThrough(new TextDecoderStream())) {
    const { ready, port } = JSON.parse(text) as { ready: boolean; port: number };
    if (ready) return port;
  }
  throw new Error("Cannot test simulator: it ended before it was ready");
}

Deno.test("simulator main says its port, leaves SIGINT to its parent, ends at SIGTERM, and continues", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_simulator_" });
  for (let round = 1; round <= 2; round++) {
    const child = start(folder);
    const port = await readyPort(child.stdout);
    using master = await TestMaster.connect(port);
    assertEquals(await master.short(0x40, 3), "e5");
    child.kill("SIGINT");
    await master.short(0x5b, 3);
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0);
    await child.stderr.cancel();
    assertEquals([...readLedger(`${folder}/ledger.ndjson`).keys()].length, round);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("simulator main offers a pty, and another one under the same link after it was unplugged", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_simulator_" });
  const link = `${folder}/usb-EXAMPLE_Level_Converter`;
  const child = start(folder, "--pty", "--link", link, "--fault", "unplug=1", "--replug-ms", "10");
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const plugged = async () => JSON.parse((await output.read()).value ?? "{}") as { ready?: boolean; pty?: string };
  const { ready, pty } = await plugged();
  assertEquals(ready, true);
  assertEquals(await Deno.readLink(link), pty);
  {
    await using line = await openTransport({ port: link, baudRate: 2400 });
    const bus = meterBus(line, { timeoutMs: 10_000, gapMs: 100 });
    await assertRejects(() => bus.readMeter("p1"), TransportClosed, "was the adapter pulled out?");
  }
  const again = await plugged();
  assertEquals([again.ready, await Deno.readLink(link)], [undefined, again.pty]);
  await using line = await openTransport({ port: link, baudRate: 2400 });
  assertEquals(line.name, link);
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 0);
  await output.cancel();
  await child.stderr.cancel();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("simulator main names the port that is taken", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const folder = await Deno.makeTempDir({ prefix: "mbus_simulator_" });
  const child = start(folder, "--port", String((listener.addr as Deno.NetAddr).port));
  const { code, stderr } = await child.output();
  assertEquals(code, 1);
  assertStringIncludes(new TextDecoder().decode(stderr), "of 127.0.0.1 is taken; choose another");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("simulator main refuses a wrong command line with a sentence and exit code 2", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", MAIN, "--meters", "many"],
    stdin: "null",
  }).output();
  assertEquals(code, 2);
  assertStringIncludes(new TextDecoder().decode(stderr), 'Cannot simulate: --meters is "many"');
});

Deno.test("simulator main says where a ledger may lie", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_simulator_" });
  const child = start(folder, "--ledger", "/var/lib/mbus-simulator/ledger");
  const { code, stderr } = await child.output();
  assertEquals(code, 13);
  assertStringIncludes(new TextDecoder().decode(stderr), "name a file below the folder that the task runs in");
  await Deno.remove(folder, { recursive: true });
});
