import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConfigurationError } from "@mbus-gateway/resource";
import { networkPortText, parseNetworkPort } from "../../gateway/network_port.ts";
import { openTransport } from "../../gateway/transport.ts";

Deno.test("parseNetworkPort() tells converters on a network from paths", () => {
  assertEquals(parseNetworkPort("/dev/ttyUSB0"), null);
  for (const scheme of ["tcp", "udp", "rfc2217"] as const) {
    const address = { scheme, hostname: "converter.example.org", port: 10001 };
    assertEquals(parseNetworkPort(`${scheme}://converter.example.org:10001`), address);
    assertEquals(networkPortText(address), `${scheme}://converter.example.org:10001`);
  }
  const address = parseNetworkPort("tcp://[::1]:7/");
  assertEquals(address, { scheme: "tcp", hostname: "::1", port: 7 });
  assertEquals(address && networkPortText(address), "tcp://[::1]:7");
});

Deno.test.each([
  ["tcp://host"],
  ["tcp://host:0"],
  ["udp://host:70000"],
  ["tcp://:1"],
  ["tcp://user@host:1"],
  ["rfc2217://host:1/path"],
  ["http://host:1"],
  ["COM1"],
])("parseNetworkPort() refuses %s", async (port) => {
  assertThrows(() => parseNetworkPort(port), ConfigurationError, `"${port}"`);
  await assertRejects(() => openTransport({ port, baudRate: 2400 }), ConfigurationError, `"${port}"`);
});
