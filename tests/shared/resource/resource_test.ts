import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { createLog, describeError, resource } from "@mbus-gateway/resource";

/** Runs a body, and returns what it threw. */
function thrownBy(body: () => Promise<unknown>): Promise<unknown> {
  return body().then(() => null, (error: unknown) => error);
}

Deno.test("resource() releases its value at the end of the block, once", async () => {
  const released: string[] = [];
  const value = { name: "line" };
  {
    await using held = resource(value, ({ name }) => void released.push(name));
    assertStrictEquals(held, value);
    assertEquals(released, []);
    await held[Symbol.asyncDispose]();
    await held[Symbol.asyncDispose]();
  }
  assertEquals(released, ["line"]);
});

Deno.test("resource() releases when the block throws, and the error goes on", async () => {
  let released = false;
  await assertRejects(
    async () => {
      await using _held = resource({}, () => {
        released = true;
      });
      await Promise.reject(new Error("in the body"));
    },
    Error,
    "in the body",
  );
  assertEquals(released, true);
});

Deno.test("resource() lets a release's own error out, also one thrown synchronously", async () => {
  const error = await thrownBy(async () => {
    await using _held = resource({}, () => {
      throw new Error("in the release");
    });
  });
  assertEquals(describeError(error), "in the release");
});

Deno.test("resource() keeps the errors of block and release, and the log prints both", async () => {
  const error = await thrownBy(async () => {
    await using _held = resource({}, () => Promise.reject(new Error("in the release")));
    throw new Error("in the body");
  });
  assertInstanceOf(error, SuppressedError);
  const lines: string[] = [];
  createLog({ format: "json", write: (line) => lines.push(line), now: () => new Date(0) }).error("Cannot send", {
    error,
  });
  assertEquals(JSON.parse(lines[0] ?? ""), {
    time: "1970-01-01T00:00:00.000Z",
    level: "error",
    message: "Cannot send",
    error: "in the body; then, while releasing: in the release",
  });
});

Deno.test("resource() releases on abort", async () => {
  const released: string[] = [];
  const controller = new AbortController();
  const work = thrownBy(async () => {
    await using _held = resource({}, () => void released.push("line"));
    await new Promise((_, reject) =>
      controller.signal.addEventListener("abort", () => reject(controller.signal.reason))
    );
  });
  controller.abort("stop");
  assertEquals(await work, "stop");
  assertEquals(released, ["line"]);
});

Deno.test("several resources are released in reverse order, each after the one before has finished", async () => {
  const released: string[] = [];
  const make = (name: string) =>
    resource({ name }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      released.push(name);
    });
  {
    await using _database = make("database");
    await using _mqtt = make("mqtt");
    await using _http = make("http");
  }
  assertEquals(released, ["http", "mqtt", "database"]);

  released.length = 0;
  const error = await thrownBy(async () => {
    await using stack = new AsyncDisposableStack();
    for (const name of ["database", "mqtt", "http"]) stack.use(make(name));
    stack.defer(() => Promise.reject(new Error("first release")));
    stack.defer(() => Promise.reject(new Error("very first release")));
    throw new Error("body");
  });
  assertEquals(released, ["http", "mqtt", "database"]);
  assertEquals(
    describeError(error),
    "body; then, while releasing: very first release; then, while releasing: first release",
  );
});

Deno.test("resource() says that a frozen value cannot take a release", () => {
  assertThrows(() => resource(Object.freeze({}), () => {}), TypeError);
});
