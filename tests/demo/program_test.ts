import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { startProgram, wordsOf } from "./program.ts";

/** Starts a program of one file. */
async function withProgram(
  source: string,
  body: (start: (verbose?: boolean) => ReturnType<typeof startProgram>, shown: string[], file: string) => Promise<void>,
) {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, source);
  const shown: string[] = [];
  const show = (line: string) => void shown.push(line);
  try {
    await body(
      (verbose = false) => startProgram({ name: "child", args: [file, "word"], graceMs: 5_000, verbose, show }),
      shown,
      file,
    );
  } finally {
    await Deno.remove(file);
  }
}

const READY = `console.log("some words"); console.log(JSON.stringify({ ready: true, port: 7 }));`;
const LOGS = `
  console.error("2026-01-31T12:00:00.000Z info  All is well");
  console.error("2026-01-31T12:00:00.000Z warn  A meter is silent");
  console.error("thread panicked");`;

Deno.test("startProgram() hands over the ready line and ends the program when it is disposed of", () =>
  withProgram(`${READY} setInterval(() => {}, 1000);`, async (start, shown) => {
    const program = start();
    assertEquals(await program.ready, { ready: true, port: 7 });
    await program[Symbol.asyncDispose]();
    assertEquals(program.gone(), true);
    assertEquals(shown, []);
  }));

Deno.test("startProgram() shows warnings, errors and crashes, and all of it when asked to", () =>
  withProgram(`${LOGS} ${READY}`, async (start, shown) => {
    await start().died;
    assertEquals(shown, ["child: 2026-01-31T12:00:00.000Z warn  A meter is silent", "child: thread panicked"]);
    shown.length = 0;
    await start(true).died;
    assertEquals(shown.length, 4);
  }));

Deno.test("startProgram() says with the program's last words that it died", () =>
  withProgram(`console.error("2026-01-31T12:00:00.000Z error Cannot open spool"); Deno.exit(3);`, async (start) => {
    const program = start();
    await assertRejects(() => program.ready, Error, "the child ended with code 3: Cannot open spool");
    assertStringIncludes((await program.died).message, "Cannot open spool");
  }));

Deno.test("wordsOf() gives the words that a program prints, or says why there are none", () =>
  withProgram(
    `if (Deno.args[0] === "fail") { console.error("Cannot do that"); Deno.exit(2); } console.log("--a --b=1\\n--c");`,
    async (_start, _shown, file) => {
      assertEquals(await wordsOf("child", [file], {}), ["--a", "--b=1", "--c"]);
      await assertRejects(() => wordsOf("child", [file, "fail"], {}), Error, "Cannot start child: Cannot do that");
    },
  ));
