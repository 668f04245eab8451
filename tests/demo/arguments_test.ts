import { assertEquals, assertThrows } from "@std/assert";
import { resolve } from "node:path";
import { UsageError } from "@mbus-gateway/resource";
import { parseDemoArguments } from "./arguments.ts";

Deno.test("parseDemoArguments() has a default for everything", () => {
  assertEquals(parseDemoArguments([]), {
    httpPort: 8080,
    mqttPort: 1883,
    mbusPort: 10001,
    data: resolve("data/demo"),
    verbose: false,
  });
  assertEquals(parseDemoArguments(["--help"]), null);
  assertEquals(parseDemoArguments(["--http-port", "0", "--data=/tmp/x", "--verbose"])?.data, "/tmp/x");
});

const WRONG: [string[], string][] = [
  [["--http-port", "http"], '--http-port is "http", expected a port'],
  [["--mqtt-port", "65536"], '--mqtt-port is "65536"'],
  [["--mbus-port=-1"], '--mbus-port is "-1"'],
  [["--data", ""], "--data is empty"],
  [["--htp-port", "1"], "--htp-port"],
];
for (const [args, sentence] of WRONG) {
  Deno.test(`parseDemoArguments() refuses "${args.join(" ")}"`, () => {
    assertThrows(() => parseDemoArguments(args), UsageError, sentence);
  });
}
