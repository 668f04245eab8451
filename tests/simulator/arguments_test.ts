import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../shared/resource/program.ts";
import { parseSimulatorArguments } from "./arguments.ts";

Deno.test("parseSimulatorArguments() needs a ledger and has defaults for the rest", () => {
  assertEquals(parseSimulatorArguments(["--ledger", "book"]), {
    ledger: "book",
    port: 0,
    hostname: "127.0.0.1",
    meters: 6,
    state: undefined,
    seed: 1,
    baudRate: undefined,
    ignoreSigint: false,
  });
  assertEquals(parseSimulatorArguments(["--help"]), null);
});

const WRONG: [string[], string][] = [
  [[], "--ledger FILE is missing"],
  [["--ledger", "book", "--port", "70000"], '--port is "70000", expected a whole number from 0 to 65535'],
  [["--ledger", "book", "--meters", "0"], '--meters is "0", expected a whole number from 1 to 250'],
  [["--ledger", "book", "--meters", "2.5"], '--meters is "2.5"'],
  [["--ledger", "book", "--baud", "fast"], '--baud is "fast", expected a whole number from 300 to 38400'],
  [["--ledger", "book", "--speed", "1"], "--speed"],
  [["--ledger"], "--ledger"],
];
for (const [args, sentence] of WRONG) {
  Deno.test(`parseSimulatorArguments() refuses "${args.join(" ")}"`, () => {
    assertThrows(() => parseSimulatorArguments(args), UsageError, sentence);
  });
}
