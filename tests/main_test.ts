import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

async function run(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "-P=flags", "main.ts", ...args],
    cwd: `${import.meta.dirname}/..`,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

Deno.test("main.ts --help explains every verb", async () => {
  const { code, stdout } = await run("--help");
  assertEquals(code, 0);
  for (const verb of ["gateway", "serve", "demo", "decode", "simulate", "check-config", "flags", "help", "version"]) {
    assertMatch(stdout, new RegExp(`^  ${verb}\\b.*\\n      \\S`, "m"));
  }
});

Deno.test("main.ts suggests the nearest verb and exits 2", async () => {
  const { code, stderr } = await run("gatway");
  assertEquals(code, 2);
  assertStringIncludes(stderr, 'there is no verb "gatway"; did you mean "gateway"?');
  assert(!stderr.includes("    at "), "a stack trace is no answer to a user's mistake");
});

Deno.test("main.ts flags says which side is missing or unknown", async () => {
  for (const args of [["flags"], ["flags", "servre"]]) {
    const { code, stderr } = await run(...args);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "server");
  }
});

Deno.test("main.ts check-config names the key that is wrong and exits 3", async () => {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(path, "gateway: GW 0001\n");
    const { code, stderr } = await run("check-config", "gateway", "--config", path);
    assertEquals(code, 3);
    assertStringIncludes(stderr, "gateway");
    assertStringIncludes(stderr, "line 1");
  } finally {
    await Deno.remove(path);
  }
});
