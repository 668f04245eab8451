import { assert, assertEquals } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { LIBC_PATHS, loadLibc } from "../../../gateway/libc.ts";
import { heardLine } from "../../../gateway/radio/heard_text.ts";
import { listenAt } from "../../../gateway/radio/listen.ts";
import { readLedger } from "../ledger.ts";

// Stays open for the whole process, as in the gateway.
await loadLibc();

const MAIN = `${import.meta.dirname}/../main.ts`;

/** Starts the program, listens to it until `count` telegrams came, and ends it. */
async function hear(count: number, libc: readonly string[], ...more: string[]) {
  const folder = await Deno.makeTempDir({ prefix: "mbus_simulator_" });
  const files = [`--allow-read=${[folder, ...libc]}`, `--allow-write=${folder}`];
  const rights = libc.length === 0 ? [] : [`--allow-ffi=${libc}`, "--ignore-env"];
  const args = ["--wireless", "--ledger", `${folder}/ledger`, "--every", "1", "--ignore-sigint", ...more];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "--allow-net=127.0.0.1", ...files, ...rights, MAIN, ...args],
    ...{ stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
  const heard: string[] = [];
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const { port, pty } = JSON.parse(text) as { port: number; pty?: string };
    const stop = new AbortController();
    const options = { receiver: "amb8465", signal: stop.signal, log: silentLog, turnMs: 50 } as const;
    for await (const telegram of listenAt({ ...options, port: pty ?? `tcp://127.0.0.1:${port}` })) {
      heard.push(heardLine(telegram));
      if (heard.length === count) stop.abort();
    }
    child.kill("SIGTERM");
  }
  assertEquals((await child.status).code, 0);
  await child.stderr.cancel();
  const answers = [...readLedger(`${folder}/ledger`).values()];
  await Deno.remove(folder, { recursive: true });
  return { heard, answers };
}

Deno.test("the wireless simulator is heard over TCP, with the rights of its task", async () => {
  const { heard, answers } = await hear(4, [], "--receiver", "amb8465");
  assertEquals(heard.length, 4);
  assert(heard.every((line) => line.includes("dBm  SIM 5000100")), heard.join("\n"));
  assert(answers.length >= 4);
});

Deno.test("the wireless simulator is heard over a pseudo-terminal", async () => {
  const { heard } = await hear(3, LIBC_PATHS, "--receiver", "amb8465", "--pty");
  assertEquals(heard.length, 3);
});
