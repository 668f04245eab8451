import { assertEquals, assertStringIncludes } from "@std/assert";
import { ConfigurationError, DeviceError, EXIT, exitCodeOf, UsageError } from "@mbus-gateway/resource";

const PROGRAM = `${import.meta.dirname}/../../fixtures/program_body.ts`;

/** Runs the program; `meanwhile` acts once it is ready. */
async function run(words: string[], meanwhile: (child: Deno.ChildProcess) => Promise<void> | void = () => {}) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "--allow-env=NODE_ENV", "--ignore-env", PROGRAM, ...words],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  let output = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const first = output === "";
    output += text;
    if (first) await meanwhile(child);
  }
  return { code: (await child.status).code, output, errors: await errors };
}

Deno.test("runProgram() ends with 0 on SIGTERM and on SIGINT, after everything is released", async () => {
  const ends = await Promise.all(
    (["SIGTERM", "SIGINT"] as const).map((signal) => run(["waits"], (child) => child.kill(signal))),
  );
  assertEquals(ends, Array(2).fill({ code: EXIT.ok, output: "ready\nreleased\n", errors: "" }));
});

Deno.test("runProgram() leaves SIGINT to its parent when it is told to heed SIGTERM alone", async () => {
  const { code, output } = await run(["waits", "SIGTERM"], async (child) => {
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill("SIGTERM");
  });
  assertEquals([code, output], [EXIT.ok, "ready\nreleased\n"]);
});

Deno.test("runProgram() turns an error into one sentence and its exit code, after everything is released", async () => {
  const cases: [ending: string, code: number, says: string][] = [
    ["usage", EXIT.usage, "Cannot run: no such verb"],
    ["configuration", EXIT.configuration, "Cannot run: mqtt.url is missing"],
    ["device", EXIT.device, "Cannot open /dev/ttyUSB0"],
    ["failure", EXIT.failure, "Cannot go on (disk is full)"],
    ["permission", EXIT.permission, "Requires read access"],
    ["release-throws", EXIT.failure, "Cannot read line; then, while releasing: Cannot close line"],
  ];
  const ends = await Promise.all(cases.map(([ending]) => run([ending])));
  for (const [index, [ending, code, says]] of cases.entries()) {
    const end = ends[index];
    assertEquals([end?.code, end?.output], [code, "ready\nreleased\n"], ending);
    assertStringIncludes(end?.errors ?? "", `error ${says}`);
    assertEquals(end?.errors.trimEnd().split("\n").length, 1, ending);
  }
});

Deno.test("exitCodeOf() goes by the body's error, not by that of a release", () => {
  assertEquals(exitCodeOf(new SuppressedError(new Error(), new ConfigurationError())), EXIT.configuration);
  assertEquals(
    exitCodeOf(new SuppressedError(new UsageError(), new SuppressedError(1, new DeviceError()))),
    EXIT.device,
  );
  assertEquals(exitCodeOf("text"), EXIT.failure);
});
