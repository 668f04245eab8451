import { assertEquals, assertLess } from "@std/assert";
import { libcPath } from "../../gateway/flags.ts";
import { parseConfig } from "../../gateway/config.ts";
import { hasSerialPort } from "../../gateway/memory_care.ts";

const PROGRAM = `
  import { memoryCare } from ${JSON.stringify(import.meta.resolve("../../gateway/memory_care.ts"))};
  import { createLog } from "@mbus-gateway/resource";
  const before = Deno.memoryUsage().rss;
  const care = await memoryCare(createLog(), { keepRight: Deno.args[0] === "keep" });
  const after = Deno.memoryUsage().rss;
  care[Symbol.dispose]();
  const texts = Array.from({ length: 10_000 }, (_, n) => JSON.stringify({ n })); // the program still runs
  const { state } = await Deno.permissions.query({ name: "ffi", path: ${JSON.stringify(libcPath())} });
  console.log(JSON.stringify({ before, after, texts: texts.length, state }));`;

async function run(rights: string[], ...args: string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "--ignore-env", ...rights, "--ext=ts", "-", ...args],
    cwd: `${import.meta.dirname}/../..`,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(PROGRAM));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const log = new TextDecoder().decode(stderr);
  assertEquals(code, 0, log);
  return { found: JSON.parse(new TextDecoder().decode(stdout)), log };
}

Deno.test("memoryCare() gives back what only starting needed, and then the right to load libraries", async () => {
  const { found, log } = await run([`--allow-ffi=${libcPath()}`]);
  assertEquals([found.texts, found.state, log], [10_000, "prompt", ""]);
  // Of the 36 MB of the program that starting touches, less than half is mapped again by then.
  assertLess(found.after, found.before - 10 * 1024 * 1024);
});

Deno.test("memoryCare() leaves the right to a serial port that is to come", async () => {
  const { found } = await run([`--allow-ffi=${libcPath()}`], "keep");
  assertEquals(found.state, "granted");
});

Deno.test("memoryCare() without the right says so and leaves the memory as it is", async () => {
  const { found, log } = await run([]);
  assertEquals(found.texts, 10_000);
  assertEquals(/info +The memory that starting took is kept/.test(log), true, log);
});

Deno.test("hasSerialPort() knows the lines that are opened by way of libc", () => {
  const of = (bus: string) =>
    hasSerialPort(parseConfig(
      `gateway: GW-0001
dataFolder: /var/lib/gw
mqtt: { url: "mqtt://127.0.0.1" }
platform: { url: "http://127.0.0.1:8080", tokenFile: token }
buses: [${bus}]
`,
      { path: "/etc/gw/config.yaml" },
    ));
  assertEquals(of(`{ name: main, port: "tcp://127.0.0.1:1", meters: [p1] }`), false);
  assertEquals(of(`{ name: main, port: "udp://127.0.0.1:1", meters: [p1] }`), false);
  assertEquals(of("{ name: main, port: /dev/ttyUSB0, meters: [p1] }"), true);
  assertEquals(of("{ name: air, receiver: cul, port: /dev/ttyACM0 }"), true);
  assertEquals(of(`{ name: air, receiver: rtl_wmbus, port: "tcp://127.0.0.1:1" }`), false);
});
