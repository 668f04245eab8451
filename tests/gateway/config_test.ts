import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigurationError } from "@mbus-gateway/resource";
import { loadConfig, OVERRIDES, parseConfig } from "../../gateway/config.ts";

const GOOD = `gateway: GW-0001
mqtt:
  url: mqtt://127.0.0.1:1883
platform:
  url: http://127.0.0.1:8080
  tokenFile: token
buses:
  - name: main
    port: tcp://localhost:7000
    meters: [p1, "12345678abcdef04"]
`;

function complaint(text: string, env: Record<string, string> = {}): string {
  return assertThrows(() => parseConfig(text, { path: "/etc/x/config.yaml", env }), ConfigurationError).message;
}

Deno.test("parseConfig() fills in what is usual and makes paths absolute", () => {
  const config = parseConfig(GOOD, { path: "/etc/x/config.yaml" });
  assertEquals(config.dataFolder, "/var/lib/mbus-gateway");
  assertEquals(config.platform.tokenFile, "/etc/x/token");
  assertEquals(config.platform.heartbeatMs, 60_000);
  assertEquals(config.connection, "always");
  assertEquals(config.log, { level: "info", format: "text" });
  assertEquals(config.tunnel, undefined);
  assertEquals(config.buses, [{
    name: "main",
    port: "tcp://localhost:7000",
    baudRate: 2400,
    intervalMs: 900_000,
    meters: [{ address: "p1" }, { address: "12345678ABCDEF04" }],
  }]);
});

Deno.test("parseConfig() takes an interval or a schedule for a bus and for each of its meters", () => {
  const bus = (lines: string) => GOOD.replace("    meters:", `    ${lines}\n    meters:`);
  const [main] = parseConfig(bus('schedule: "*/15 * * * *"\n    timeZone: Europe/Copenhagen'), { path: "/x" }).buses;
  assertEquals([main?.intervalMs, main?.schedule, main?.timeZone], [undefined, "*/15 * * * *", "Europe/Copenhagen"]);
  const own = '{ address: "abcdef0012345678", interval: 1h, retries: 4 }, { address: p7, schedule: "0 0 * * *" }';
  const [with2] = parseConfig(GOOD.replace("[p1,", `[${own}, p1,`), { path: "/x" }).buses;
  assertEquals(with2?.meters.slice(0, 3), [
    { address: "ABCDEF0012345678", intervalMs: 3_600_000, retries: 4 },
    { address: "p7", schedule: "0 0 * * *" },
    { address: "p1" },
  ]);
});

Deno.test("parseConfig() says what is wrong with a schedule or a meter of its own", () => {
  const bus = (lines: string) => complaint(GOOD.replace("    meters:", `    ${lines}\n    meters:`));
  const meter = (own: string) => complaint(GOOD.replace("[p1,", `[${own},`));
  assertStringIncludes(bus('schedule: "61 * * * *"'), 'expected a cron expression such as "*/15 * * * *" (line 10)');
  assertStringIncludes(bus("timeZone: Moon/Crater"), "expected a time zone such as Europe/Copenhagen");
  const both = "expected an interval or a schedule, not both";
  assertStringIncludes(bus('interval: 1h\n    schedule: "0 * * * *"'), `buses[0].schedule is "0 * * * *", ${both}`);
  assertStringIncludes(meter('{ address: p1, interval: 1h, schedule: "0 * * * *" }'), both);
  assertStringIncludes(meter("{ address: p251 }"), "buses[0].meters[0].address is");
  assertStringIncludes(meter("{ interval: 1h }"), 'meters[0].address is missing, expected a primary address "p0"');
  assertStringIncludes(meter("{ address: p1, retrys: 1 }"), "did you mean buses[0].meters[0].retries?");
  assertStringIncludes(
    complaint(GOOD.replace("[p1,", "[p1, { address: p1, retries: 1 },")),
    "expected each meter once on a bus (line 10)",
  );
});

Deno.test("parseConfig() bounds the spool, at 4 GB where nothing is said", () => {
  assertEquals(parseConfig(GOOD, { path: "/x" }).spool, { maxBytes: 4e9, drainPerMinute: 6_000 });
  const own = parseConfig(`${GOOD}spool: { maxBytes: 500MB, drainPerMinute: 600 }\n`, { path: "/x" }).spool;
  assertEquals(own, { maxBytes: 500e6, drainPerMinute: 600 });
  for (const wrong of ["0MB", "4", "4TB", "0.5GB", "1001GB"]) {
    assertStringIncludes(complaint(`${GOOD}spool: { maxBytes: ${wrong} }\n`), "expected a size from 1MB to 1000GB");
  }
});

Deno.test("parseConfig() names key, value, expectation and line of a wrong value", () => {
  assertEquals(
    complaint(GOOD.replace("p1, ", "p251, ")),
    'Cannot use configuration /etc/x/config.yaml: buses[0].meters[0] is "p251", expected a primary address ' +
      '"p0" to "p250" or 16 hexadecimal digits in quotes (line 10)',
  );
});

Deno.test("parseConfig() lists every mistake of a file", () => {
  const text = complaint(GOOD.replace("tcp://localhost:7000", "tcp://localhost:70000").replace("GW-0001", "GW 1"));
  assertStringIncludes(text, '\n  gateway is "GW 1", expected a gateway id such as GW-0001 (line 1)');
  assertStringIncludes(
    text,
    '\n  buses[0].port is "tcp://localhost:70000", expected tcp://HOST:PORT, udp:// or rfc2217',
  );
});

Deno.test("parseConfig() says what a missing key should be", () => {
  assertStringIncludes(
    complaint(GOOD.replace("  tokenFile: token\n", "")),
    "platform.tokenFile is missing, expected the path of a file (line 4)",
  );
  assertStringIncludes(complaint(""), "the file is empty");
});

Deno.test("parseConfig() refuses unknown keys and suggests the nearest", () => {
  const text = complaint(GOOD.replace("    meters:", "    intervall: 15m\n    meters:"));
  assertStringIncludes(text, "buses[0].intervall is not a key that exists, did you mean buses[0].interval? (line 10)");
  assertStringIncludes(
    complaint(`${GOOD}frobnicate: 1\n`),
    "frobnicate is not a key that exists, expected one of gateway, dataFolder,",
  );
});

Deno.test("parseConfig() shows no secret that stands where none should", () => {
  const password = complaint(GOOD.replace("url: mqtt://", "password: hunter2\n  url: mqtt://"));
  assertStringIncludes(password, "did you mean mqtt.passwordFile?");
  const inUrl = complaint(GOOD.replace("mqtt://", "mqtt://me:hunter2@"));
  assertStringIncludes(inUrl, "without user, password");
  for (const text of [password, inUrl]) assertEquals(text.includes("hunter2"), false);
});

Deno.test("parseConfig() accepts plain connections on this computer only", () => {
  for (const host of ["broker.example.org", "192.0.2.1", "127.0.0.1.example.org", "0.0.0.0", "localhost.example.org"]) {
    assertStringIncludes(complaint(GOOD.replace("mqtt://127.0.0.1", `mqtt://${host}`)), "mqtt.url is");
    assertStringIncludes(complaint(GOOD.replace("http://127.0.0.1", `http://${host}`)), "platform.url is");
  }
  for (const host of ["localhost", "127.1.2.3", "[::1]"]) {
    parseConfig(GOOD.replaceAll("//127.0.0.1", `//${host}`), { path: "/x" });
  }
});

Deno.test("parseConfig() wants certificates for mqtts and a name beside a password", () => {
  const text = complaint(GOOD.replace("mqtt://127.0.0.1:1883", "mqtts://broker.example.org"));
  for (const key of ["ca", "cert", "key"]) assertStringIncludes(text, `mqtt.${key} is missing`);
  assertStringIncludes(
    complaint(GOOD.replace("mqtt:\n", "mqtt:\n  passwordFile: p\n")),
    "mqtt.username is missing, expected a user name to go with passwordFile (line 2)",
  );
});

Deno.test("parseConfig() refuses two buses of one name or port and a meter named twice", () => {
  const second = `  - name: main\n    port: tcp://localhost:7000\n    meters: [p1]\n`;
  const text = complaint(GOOD + second);
  assertStringIncludes(text, 'buses[1].name is "main", expected a name of its own for each bus (line 11)');
  assertStringIncludes(text, "buses[1].port is");
  assertStringIncludes(
    complaint(GOOD.replace("[p1,", '["12345678ABCDEF04",')),
    "expected each meter once on a bus (line 10)",
  );
});

Deno.test("parseConfig() takes converters of datagrams and device servers, and a meter's fabrication number", () => {
  for (const port of ["udp://converter.example.org:10001", "rfc2217://[2001:db8::7]:2217"]) {
    const text = GOOD.replace("tcp://localhost:7000", port).replace("[p1,", '["12345678abcdef04/00004711",');
    const [bus] = parseConfig(text, { path: "/etc/x/config.yaml" }).buses;
    assertEquals([bus?.port, bus?.meters[0]], [port, { address: "12345678ABCDEF04/00004711" }]);
  }
  assertStringIncludes(complaint(GOOD.replace("tcp://localhost", "http://localhost")), "buses[0].port is");
});

Deno.test("parseConfig() checks a cron expression", () => {
  assertEquals(parseConfig(`${GOOD}connection: "15 3 * * *"\n`, { path: "/x" }).connection, { cron: "15 3 * * *" });
  assertStringIncludes(complaint(`${GOOD}connection: "61 3 * * *"\n`), "connection is");
  assertStringIncludes(complaint(`${GOOD}connection: "0 0 30 2 *"\n`), "connection is");
});

Deno.test("parseConfig() says where YAML itself is broken", () => {
  assertStringIncludes(complaint(`${GOOD}gateway: GW-0002\n`), "Map keys must be unique (line 11)");
});

Deno.test("parseConfig() lets the environment stand above the file and names it when it is wrong", () => {
  const env = { MBUS_GW_MQTT_URL: "mqtt://localhost:1999", MBUS_GW_LOG_LEVEL: "", MBUS_GW_TUNNEL_TOKEN_FILE: "/t" };
  const config = parseConfig(GOOD, { path: "/etc/x/config.yaml", env });
  assertEquals(config.mqtt.url, "mqtt://localhost:1999");
  assertEquals(config.log.level, "info");
  assertEquals(config.tunnel, { tokenFile: "/t", metricsPort: 20_241 });
  assertStringIncludes(
    complaint(GOOD, { MBUS_GW_PLATFORM_HEARTBEAT: "soon" }),
    'platform.heartbeat is "soon", expected a length of time from 1s to 1d, such as 30s, 15m or 1h ' +
      "(from MBUS_GW_PLATFORM_HEARTBEAT)",
  );
});

Deno.test("loadConfig() says what to do without a file", () => {
  const { message } = assertThrows(() => loadConfig("/nowhere/config.yaml", {}), ConfigurationError);
  assertStringIncludes(message, "Cannot read configuration /nowhere/config.yaml: there is no such file");
  assertStringIncludes(message, "--config FILE or MBUS_GW_CONFIG");
});

Deno.test("loadConfig() reads the example, and every key of the example is explained there", () => {
  const path = `${import.meta.dirname}/../../deploy/gateway.example.yaml`;
  assertEquals(loadConfig(path, {}).gateway, "GW-0001");
  const text = Deno.readTextFileSync(path);
  for (const keys of Object.values(OVERRIDES)) assertStringIncludes(text, `${keys.at(-1)}:`);
});
