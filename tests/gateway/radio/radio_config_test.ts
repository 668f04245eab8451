import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigurationError } from "@mbus-gateway/resource";
import { parseConfig } from "../../../gateway/config.ts";
import { gatewayFlags } from "../../../gateway/flags.ts";
import { hasSerialPort } from "../../../gateway/memory_care.ts";

const GOOD = `gateway: GW-0001
mqtt:
  url: mqtt://127.0.0.1:1883
platform:
  url: http://127.0.0.1:8080
  tokenFile: token
buses:
  - name: main
    port: tcp://localhost:7000
    meters: [p1]
  - name: roof
    receiver: im871a
    port: tcp://192.0.2.7:7001
    modes: [T, C]
    meters: ["12345678", "12345678abcdef04"]
    keysFile: keys
`;

function parse(text: string) {
  return parseConfig(text, { path: "/etc/x/config.yaml" });
}

function complaint(text: string): string {
  return assertThrows(() => parse(text), ConfigurationError).message;
}

Deno.test("parseConfig() tells wireless buses from wired ones, and fills in what is usual", () => {
  const config = parse(GOOD);
  assertEquals(config.buses.map(({ name }) => name), ["main"]);
  assertEquals(config.radios, [{
    ...{ name: "roof", receiver: "im871a", port: "tcp://192.0.2.7:7001", modes: ["C", "T"] },
    ...{ meters: ["12345678", "12345678ABCDEF04"], intervalMs: 900_000, silentAfterMs: 600_000 },
    keysFile: "/etc/x/keys",
  }]);
});

Deno.test("parseConfig() takes a wireless bus alone, of lines on standard input, every telegram of every meter", () => {
  const text = GOOD.replace(/ {2}- name: main\n.*\n.*\n/, "").replace("im871a", "rtl_wmbus").replace(
    /modes.*\n.*/,
    "interval: all",
  )
    .replace("tcp://192.0.2.7:7001", "stdin");
  const { buses, radios: [radio] } = parse(text);
  assertEquals(buses, []);
  assertEquals([radio?.port, radio?.intervalMs, radio?.meters], ["stdin", null, undefined]);
});

Deno.test("parseConfig() hears C and T at once where the receiver can, when no modes are named", () => {
  const modes = (receiver: string) =>
    parse(GOOD.replace("    modes: [T, C]\n", "").replace("im871a", receiver)).radios[0]?.modes;
  assertEquals([modes("im871a"), modes("amb8465"), modes("cul")], [["C", "T"], ["C", "T"], ["T"]]);
});

Deno.test("parseConfig() names key, value, expectation and line of what is wrong with a wireless bus", () => {
  for (
    const [from, to, expected] of [
      [
        "im871a",
        "im871",
        'buses[1].receiver is "im871", expected one of im871a, amb8465, cul, rtl_wmbus, rtl_433 (line 12)',
      ],
      ["[T, C]", "[T, N]", 'buses[1].modes[1] is "N", expected C, T or S (line 14)'],
      ["[T, C]", "[T, S]", "expected what im871a can listen for at once: C, or T, or S, or C with T (line 14)"],
      ['"12345678"', "p1", 'buses[1].meters[0] is "p1", expected the 8 digits of a meter\'s identification'],
      [
        "tcp://192.0.2.7:7001",
        "stdin",
        'buses[1].port is "stdin", expected tcp://HOST:PORT or a device, as im871a is given',
      ],
      ["tcp://192.0.2.7:7001", "usb0", "or stdin for rtl_wmbus and rtl_433 (line 13)"],
      [
        "keysFile: keys",
        "keyFile: keys",
        "buses[1].keyFile is not a key that exists, did you mean buses[1].keysFile? (line 16)",
      ],
      ["    port: tcp://192.0.2.7:7001\n", "", "buses[1].port is missing, expected tcp://HOST:PORT, a device"],
      ["name: roof", "name: main", 'buses[1].name is "main", expected a name of its own for each bus (line 11)'],
      ['"12345678abcdef04"', '"12345678"', "expected each meter once on a bus (line 15)"],
    ] as const
  ) assertStringIncludes(complaint(GOOD.replace(from, to)), expected);
});

Deno.test("gatewayFlags() allows a wireless bus its host or device, and its file of keys", () => {
  const words = gatewayFlags(parse(GOOD), "/etc/x/config.yaml").join(" ");
  assertStringIncludes(words, "192.0.2.7:7001");
  assertStringIncludes(words, "/etc/x/keys");
  const serial = parse(GOOD.replace("tcp://192.0.2.7:7001", "/dev/ttyUSB0"));
  assertEquals([hasSerialPort(parse(GOOD)), hasSerialPort(serial)], [false, true]);
});
