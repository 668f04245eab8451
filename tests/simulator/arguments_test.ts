import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../shared/resource/program.ts";
import { parseSimulatorArguments, USAGE } from "./arguments.ts";

Deno.test("parseSimulatorArguments() has defaults for everything, a ledger too", () => {
  assertEquals(parseSimulatorArguments([])?.ledger, "data/simulator/ledger.ndjson");
  assertEquals(parseSimulatorArguments(["--ledger", "book"]), {
    ledger: "book",
    port: 0,
    hostname: "127.0.0.1",
    rfc2217: false,
    pty: false,
    link: undefined,
    echo: false,
    meters: 6,
    population: "in_order",
    slow: { meters: 0, ms: 800 },
    state: undefined,
    seed: 1,
    baudRate: undefined,
    faults: {},
    delayMs: 500,
    hangMs: 30_000,
    replugMs: 2_000,
    ignoreSigint: false,
  });
  assertEquals(parseSimulatorArguments(["--help"]), null);
});

Deno.test("parseSimulatorArguments() takes several kinds of faults", () => {
  const parsed = parseSimulatorArguments([
    "--ledger",
    "book",
    "--tcp",
    "7",
    "--fault",
    "drop=0.1",
    "--fault",
    "hang=.25",
  ]);
  assertEquals([parsed?.port, parsed?.faults], [7, { drop: 0.1, hang: 0.25 }]);
});

Deno.test("the help of the simulator names every option", () => {
  const parsed = parseSimulatorArguments(["--ledger", "book"]) ?? {};
  const renamed: Record<string, string> = {
    hostname: "host",
    baudRate: "baud",
    faults: "fault",
    ignoreSigint: "ignore-sigint",
  };
  for (const key of Object.keys(parsed)) {
    const option = renamed[key] ?? key.replace(/Ms$/, "-ms");
    assertStringIncludes(USAGE, `--${option} `);
  }
});

const WRONG: [string[], string][] = [
  [["--ledger", "book", "--port", "70000"], '--port is "70000", expected a whole number from 0 to 65535'],
  [["--ledger", "book", "--meters", "0"], '--meters is "0", expected a whole number from 1 to 250'],
  [["--ledger", "book", "--meters", "2.5"], '--meters is "2.5"'],
  [["--ledger", "book", "--baud", "fast"], '--baud is "fast", expected a whole number from 300 to 38400'],
  [["--ledger", "book", "--speed", "1"], "--speed"],
  [["--ledger"], "--ledger"],
  [["--ledger", "book", "--link", "here"], "--link is one to a --pty"],
  [["--ledger", "book", "--population", "odd"], "expected one of in_order, random, colliding"],
  [["--ledger", "book", "--fault", "drop"], '--fault is "drop", expected drop, delay'],
  [["--ledger", "book", "--fault", "fire=0.1"], '--fault is "fire=0.1"'],
  [["--ledger", "book", "--fault", "drop=0.9", "--fault", "delay=0.2"], "come to 1.1, expected at most 1"],
];
for (const [args, sentence] of WRONG) {
  Deno.test(`parseSimulatorArguments() refuses "${args.join(" ")}"`, () => {
    assertThrows(() => parseSimulatorArguments(args), UsageError, sentence);
  });
}
