import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../shared/resource/program.ts";
import { parseWirelessArguments } from "./arguments.ts";

const GOOD = ["--wireless", "--ledger", "book"];

Deno.test("parseWirelessArguments() fills in what is usual", () => {
  assertEquals(parseWirelessArguments(GOOD), {
    ...{ receiver: "im871a", ledger: "book", port: 0, pty: false, meters: 6, everyMs: 16_000, seed: 1 },
    ...{ faults: false, ignoreSigint: false },
  });
  assertEquals(parseWirelessArguments(["--help"]), null);
});

Deno.test("parseWirelessArguments() says what is wrong", () => {
  for (
    const [args, expected] of [
      [[...GOOD, "--receiver", "im871"], "expected one of im871a, amb8465, cul, rtl_wmbus, rtl_433"],
      [[...GOOD, "--pty", "--tcp", "1"], "--tcp and --pty exclude each other"],
      [[...GOOD, "--meters", "0"], "expected a whole number from 1 to 999"],
      [[...GOOD, "--recevier", "cul"], "--recevier"],
    ] as const
  ) assertThrows(() => parseWirelessArguments(args), UsageError, expected);
});
