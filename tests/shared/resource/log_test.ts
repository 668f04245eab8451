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

Deno.test("createLog() keeps secrets out, wherever they stand", () => {
  const key = "000102030405060708090A0B0C0D0E0F";
  const lines = logged({}, (log) => {
    log.info("Connecting to mqtts://GW-0001:hunter2@broker.example.org and https://x.example.org/?token=abc&a=1");
    log.info("Refused: Authorization: Bearer mbg_Zm9vYmFyYmF6", { token: "abc", tokenFile: "/etc/mbus-gateway/token" });
    log.info("Cannot decode", { error: new Error(`no answer with ${key}`), given: { password: "p", key, keys: 3 } });
    log.info(`-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----`, { tunnel: ["eyJhIjoiNzg5YWJjZGVmIn0="] });
  });
  assertEquals(lines.map((line) => line.slice(31)), [
    "Connecting to mqtts://***@broker.example.org and https://x.example.org/?token=***&a=1",
    "Refused: Authorization: *** mbg_*** token=*** tokenFile=/etc/mbus-gateway/token",
    'Cannot decode error="no answer with ***" given={"password":"***","key":"***","keys":3}',
    '[private key] tunnel=["eyJ***"]',
  ]);
});

Deno.test("createLog() writes what repeats itself ten times a minute, then says how often there was more", () => {
  let now = 0;
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line.slice(25)), now: () => new Date(now) });
  for (let time = 0; time < 59_000; time += 100) {
    now = time;
    log.with({ bus: "main" }).warn("The line is noisy", { time });
  }
  log.with({ bus: "other" }).warn("The line is noisy");
  assertEquals(lines.length, 11);
  now = 60_000;
  log.info("Something else");
  assertEquals(lines.slice(11), [
    "warn  The line is noisy … repeated 580 times bus=main",
    "info  Something else",
  ]);
});

Deno.test("createLog() remembers its newest lines, those of its parts too", () => {
  const log = createLog({ write: () => {}, now: () => new Date(0), keep: 3 });
  for (const count of [1, 2, 3, 4]) log.with({ bus: "main" }).info(`line ${count}`);
  assertEquals(log.recent(2).map(({ message }) => message), ["line 3", "line 4"]);
  assertEquals(
    log.recent(9),
    [2, 3, 4].map((count) => ({
      time: "1970-01-01T00:00:00.000Z",
      level: "info",
      message: `line ${count}`,
      fields: { bus: "main" },
    })),
  );
  assertEquals(silentLog.recent(5), []);
});
