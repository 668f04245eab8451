import { assertEquals, assertStringIncludes } from "@std/assert";
import { readLedger } from "./ledger.ts";
import { TestMaster } from "./test_master.ts";

const MAIN = `${import.meta.dirname}/main.ts`;

/** Starts the program with the permissions that it needs, and none besides. */
function start(folder: string, ...more: string[]) {
  const rights = ["--no-prompt", "--allow-net=127.0.0.1", `--allow-read=${folder}`, `--allow-write=${folder}`];
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
  assertStringIncludes(new TextDecoder().decode(stderr), "Cannot simulate: --ledger FILE is missing");
});
