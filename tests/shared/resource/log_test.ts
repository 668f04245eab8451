import { assertEquals } from "@std/assert";
import { createLog, describeError, type LogOptions, silentLog } from "@mbus-gateway/resource";

function logged(options: LogOptions, act: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  act(createLog({ ...options, write: (line) => lines.push(line), now: () => new Date(0) }));
  return lines;
}

Deno.test("createLog() writes a line for a person, quoting what would be misread", () => {
  const lines = logged({}, (log) => {
    log.info("Meter read", { meter: "p5", bus: "north wing", count: 3, none: null });
    log.warn("Cannot read meter");
  });
  assertEquals(lines, [
    `1970-01-01T00:00:00.000Z info  Meter read meter=p5 bus="north wing" count=3 none=null`,
    `1970-01-01T00:00:00.000Z warn  Cannot read meter`,
  ]);
});

Deno.test("createLog() writes one JSON object a line for a collector", () => {
  const [line = ""] = logged({ format: "json", fields: { gateway: "GW-0001" } }, (log) => {
    log.with({ bus: "main" }).error("Cannot go on\nat all", { error: new Error("a", { cause: new Error("b") }) });
  });
  assertEquals(line.includes("\n"), false);
  assertEquals(JSON.parse(line), {
    time: "1970-01-01T00:00:00.000Z",
    level: "error",
    message: "Cannot go on\nat all",
    gateway: "GW-0001",
    bus: "main",
    error: "a (b)",
  });
});

Deno.test("createLog() leaves out what is below its level", () => {
  const all = (log: ReturnType<typeof createLog>) => {
    log.debug("1");
    log.info("2");
    log.warn("3");
    log.error("4");
  };
  assertEquals((["debug", "info", "warn", "error"] as const).map((level) => logged({ level }, all).length), [
    4,
    3,
    2,
    1,
  ]);
  all(silentLog);
});

Deno.test("createLog() keeps a text of several lines on one, so that no meter's name can forge a line", () => {
  const [line] = logged({}, (log) => log.info("Meter\n1970 error forged", { meter: "a\nb", color: "\x1b[31m" }));
  assertEquals(
    line,
    String.raw`1970-01-01T00:00:00.000Z info  Meter\n1970 error forged meter="a\nb" color="\u001b[31m"`,
  );
});

Deno.test("createLog() writes whole numbers of any size", () => {
  const [line = ""] = logged({ format: "json" }, (log) => log.info("Counted", { count: 2n ** 64n }));
  assertEquals(JSON.parse(line).count, "18446744073709551616");
});

Deno.test("describeError() keeps every part of what went wrong, each once", () => {
  const cases: [thrown: unknown, text: string][] = [
    ["text", "text"],
    [undefined, "undefined"],
    [new TypeError(""), "TypeError"],
    [new Error("a", { cause: new Error("b", { cause: "c" }) }), "a (b (c))"],
    [new Error("a: b", { cause: new Error("b") }), "a: b"],
    [new AggregateError([new Error("a"), new Error("b")]), "a; b"],
    [new AggregateError([new Error("a")], "all failed"), "all failed: a"],
    [new SuppressedError(new Error("release"), new Error("body")), "body; then, while releasing: release"],
    [
      new SuppressedError("second", new SuppressedError("first", "body")),
      "body; then, while releasing: first; then, while releasing: second",
    ],
  ];
  for (const [thrown, text] of cases) assertEquals(describeError(thrown), text);
});

Deno.test("describeError() comes to an end when an error is its own cause", () => {
  const error = new Error("round");
  error.cause = error;
  assertEquals(describeError(error), "round");
});
