import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { type ChildProcess, childProcess, createLog } from "@mbus-gateway/resource";

/** A shell whose first line says that its traps are set. */
async function shell(script: string, options: Parameters<typeof childProcess>[1] = {}) {
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const lines: string[] = [];
  const child = childProcess("sh", {
    ...options,
    args: ["-c", script],
    onStdout(line) {
      lines.push(line);
      resolve();
    },
  });
  await ready;
  return { child, lines };
}

/** Runs on until it is signalled; a built-in loop, so that no grandchild is left. */
const FOREVER = "while :; do read -t 1 x || sleep 0.05; done";

Deno.test("childProcess() hands over both outputs line by line and tells how the program ended", async () => {
  const out: string[] = [];
  const err: string[] = [];
  await using child = childProcess("sh", {
    args: ["-c", `printf 'one\\r\\ntwo\\nthree'; echo "$X" >&2; exit 3`],
    env: { X: "æ" },
    onStdout: (line) => out.push(line),
    onStderr: (line) => err.push(line),
  });
  const status = await child.status;
  assertEquals([status.success, status.code], [false, 3]);
  assertEquals([out, err], [["one", "two", "three"], ["æ"]]);
});

Deno.test("childProcess() reads on although nobody listens, so that the program does not block", async () => {
  await using child = childProcess("sh", { args: ["-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"] });
  assertEquals((await child.status).success, true);
});

Deno.test("childProcess() hands an endless line over in pieces", async () => {
  const pieces: number[] = [];
  await using child = childProcess("head", {
    args: ["-c", "200000", "/dev/zero"],
    onStdout: (line) => pieces.push(line.length),
  });
  await child.status;
  assertEquals(pieces.reduce((sum, length) => sum + length, 0), 200_000);
  assert(pieces.every((length) => length <= 64 * 1024));
});

Deno.test("childProcess() shows the program the given environment alone when told so", async () => {
  const lines: string[] = [];
  await using child = childProcess("/usr/bin/env", {
    clearEnv: true,
    env: { ONLY: "this" },
    onStdout: (line) => lines.push(line),
  });
  await child.status;
  assertEquals(lines, ["ONLY=this"]);
});

Deno.test("childProcess() says which program cannot be started", () => {
  assertThrows(() => childProcess("no-such-program-here"), Error, "Cannot start no-such-program-here");
});

Deno.test("a child process is ended by SIGTERM at the end of its block", async () => {
  let kept: ChildProcess;
  let lines: string[];
  {
    const started = await shell(`trap 'echo asked; exit 0' TERM; echo ready; ${FOREVER}`);
    await using child = started.child;
    kept = child;
    lines = started.lines;
  }
  const status = await kept.status;
  assertEquals([status.code, status.signal], [0, null]);
  assertEquals(lines, ["ready", "asked"]);
});

Deno.test("a child process is ended by SIGKILL when it does not heed SIGTERM", async () => {
  const { child } = await shell(`trap '' TERM; echo ready; ${FOREVER}`, { graceMs: 50 });
  await child[Symbol.asyncDispose]();
  assertEquals((await child.status).signal, "SIGKILL");
  await child[Symbol.asyncDispose]();
});

Deno.test("a child process is ended when its block throws, and the error goes on", async () => {
  let kept: ChildProcess | undefined;
  await assertRejects(
    async () => {
      const { child } = await shell(`echo ready; ${FOREVER}`);
      await using owned = child;
      kept = owned;
      throw new Error("in the body");
    },
    Error,
    "in the body",
  );
  assertEquals((await kept?.status)?.signal, "SIGTERM");
});

Deno.test("a child process is ended when its signal aborts; an aborted one starts nothing", async () => {
  const controller = new AbortController();
  const { child } = await shell(`echo ready; ${FOREVER}`, { signal: controller.signal });
  controller.abort(new Error("stop"));
  assertEquals((await child.status).signal, "SIGTERM");
  assertThrows(() => childProcess("sh", { signal: controller.signal }), Error, "stop");
});

Deno.test("a child process's end is not held up by a grandchild that keeps the pipes open", async () => {
  const { child, lines } = await shell("sleep 30 & echo $!; wait");
  const started = performance.now();
  await child[Symbol.asyncDispose]();
  Deno.kill(Number(lines[0]), "SIGKILL");
  assert(performance.now() - started < 20_000);
});

Deno.test("a throw in the block and one in a release are both kept, and both are in the log's line", async () => {
  const failure = await (async () => {
    await using stack = new AsyncDisposableStack();
    const { child } = await shell(`echo ready; ${FOREVER}`);
    stack.use(child);
    stack.defer(() => Promise.reject(new Error("in the release")));
    throw new Error("in the body");
  })().then(() => null, (error: unknown) => error);
  assertInstanceOf(failure, SuppressedError);
  const lines: string[] = [];
  createLog({ write: (line) => lines.push(line) }).error("Cannot go on", { error: failure });
  assertStringIncludes(lines[0] ?? "", "in the body");
  assertStringIncludes(lines[0] ?? "", "in the release");
});
