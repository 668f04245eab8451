import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigurationError } from "@mbus-gateway/resource";
import { parseConfig } from "../../gateway/config.ts";
import { gatewayFlags, libcPath, TUNNEL_SCRIPT } from "../../gateway/flags.ts";

const CONFIG = "/etc/gw/config.yaml";
const TEXT = `gateway: GW-0001
dataFolder: /var/lib/gw
mqtt: { url: "mqtts://broker.example.org", ca: ca.crt, cert: gw.crt, key: gw.key }
platform: { url: "https://platform.example.org", tokenFile: token }
buses:
  - { name: one, port: "tcp://converter.example.org:10001", meters: [p1] }
`;

const flagsOf = (text: string) => gatewayFlags(parseConfig(text, { path: CONFIG }), CONFIG);

Deno.test("gatewayFlags() allows what the configuration names and nothing more", () => {
  assertEquals(flagsOf(TEXT), [
    "--allow-net=unix:/var/lib/gw/control.sock,broker.example.org:8883,platform.example.org:443,converter.example.org:10001",
    "--allow-read=/etc/gw/config.yaml,/etc/gw/ca.crt,/etc/gw/gw.crt,/etc/gw/gw.key,/etc/gw/token,/var/lib/gw,/run/systemd/timesync",
    "--allow-write=/var/lib/gw",
    `--allow-ffi=${libcPath()}`,
  ]);
});

Deno.test("gatewayFlags() knows the usual ports of plain connections", () => {
  const plain = TEXT.replace("mqtts://broker.example.org", "mqtt://[::1]").replace(
    "https://platform.example.org",
    "http://localhost",
  );
  assertEquals(
    flagsOf(plain)[0],
    "--allow-net=unix:/var/lib/gw/control.sock,[::1]:1883,localhost:80,converter.example.org:10001",
  );
});

Deno.test("gatewayFlags() allows a converter of datagrams and one that is set over the network", () => {
  const flags = (port: string) =>
    flagsOf(TEXT.replace("tcp://converter.example.org:10001", port))[0]?.split(",").slice(3);
  assertEquals(flags("udp://converter.example.org:10001"), ["converter.example.org:10001", "0.0.0.0:0"]);
  assertEquals(flags("udp://[2001:db8::7]:10001"), ["[2001:db8::7]:10001", "[::]:0"]);
  assertEquals(flags("rfc2217://converter.example.org:2217"), ["converter.example.org:2217"]);
});

Deno.test("gatewayFlags() allows libc and the one script for a tunnel", () => {
  const flags = flagsOf(
    `${TEXT}  - { name: two, port: /dev/ttyUSB0, meters: [p1] }\ntunnel: { tokenFile: tunnel-token, metricsPort: 20999 }\n`,
  );
  assertStringIncludes(flags[0] ?? "", ",127.0.0.1:20999");
  assertStringIncludes(flags[1] ?? "", "/etc/gw/tunnel-token");
  assertEquals(flags.slice(3), [`--allow-ffi=${libcPath()}`, `--allow-run=${TUNNEL_SCRIPT}`]);
  assertEquals(Deno.statSync(libcPath()).isFile, true);
});

Deno.test("gatewayFlags() refuses what a command line would take apart", () => {
  for (const folder of ["/var/lib/g w", "/var/lib/g,/", "/var/lib/'gw'", "/var/lib/\\tgw", "/var/lib/gw*"]) {
    const { message } = assertThrows(() => flagsOf(TEXT.replace("/var/lib/gw", `"${folder}"`)), ConfigurationError);
    assertStringIncludes(message, "on a command line");
  }
  assertThrows(() => flagsOf(TEXT.replace("broker.example.org", "a,b")), ConfigurationError, '"a,b:8883"');
});

Deno.test("gatewayFlags() allows a port for metrics, keys for Home Assistant and systemd's socket where they are asked for", () => {
  const text = `${TEXT}metrics: { port: 9464 }\nhomeAssistant: { keysFile: meter-keys }\n`;
  const supervision = { socket: "/run/systemd/notify", watchdogMs: 60_000 };
  const [net = "", read = "", write = ""] = gatewayFlags(parseConfig(text, { path: CONFIG }), CONFIG, supervision);
  assertStringIncludes(net, ",127.0.0.1:9464,unix:/run/systemd/notify,unix:/var/lib/gw/notify.sock");
  assertStringIncludes(read, ",/etc/gw/meter-keys,");
  assertEquals(write, "--allow-write=/var/lib/gw,/run/systemd/notify");
  const abstract = gatewayFlags(parseConfig(TEXT, { path: CONFIG }), CONFIG, { ...supervision, socket: "@notify" });
  assertEquals(abstract, flagsOf(TEXT));
});
