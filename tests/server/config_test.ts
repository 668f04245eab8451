import { assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigurationError } from "@mbus-gateway/resource";
import { resolve } from "node:path";
import { loadConfig, VARIABLES } from "../../server/config.ts";

Deno.test("loadConfig() of nothing is the embedded defaults", () => {
  assertEquals(loadConfig({}), {
    dataFolder: resolve("data"),
    database: null,
    broker: null,
    embeddedMqttPort: 1883,
    mqttShare: null,
    ingest: { lanes: 2, batch: { messages: 200, bytes: 262144, ageMs: 20 } },
    retention: { telegramDays: null, readingDays: null, hourDays: null },
    compressTelegramsAfterDays: 100,
    metricsPort: null,
    tracing: false,
    http: { host: "127.0.0.1", port: 8080 },
    adminTokenFile: resolve("data/admin.token"),
    makeAdminToken: true,
    degreeDays: { url: "https://opendataapi.dmi.dk/v2/climateData", apiKeyFile: null, areas: [] },
    meterKeys: { current: resolve("data/meter-keys.secret"), old: null, make: true },
    log: { level: "info", format: "text" },
  });
});

Deno.test("loadConfig() reads every variable", async () => {
  const urlFile = await Deno.makeTempFile();
  const url = "postgres://mbus:secret@db.example.org/mbus?sslmode=verify-full";
  await Deno.writeTextFile(urlFile, `${url}\n`);
  const variables = {
    DATABASE_URL_FILE: urlFile,
    MQTT_URL: "mqtts://me:p%40ss@broker.example.org",
    MQTT_CA: "/etc/ca.crt",
    MQTT_CERT: "/etc/server.crt",
    MQTT_KEY: "/etc/server.key",
    MQTT_CLIENT_ID: "mbus-server-2",
    MQTT_PORT: "1884",
    MQTT_SHARE: "mbus-servers",
    INGEST_LANES: "3",
    INGEST_BATCH_MESSAGES: "100",
    INGEST_BATCH_BYTES: "65536",
    INGEST_BATCH_AGE_MS: "0",
    RETENTION_TELEGRAMS: "800d",
    RETENTION_READINGS: "keep",
    RETENTION_HOURS: "400d",
    COMPRESS_TELEGRAMS_AFTER_DAYS: "30",
    METRICS_PORT: "9090",
    OTEL_DENO: "true",
    HTTP_HOST: "0.0.0.0",
    HTTP_PORT: "0",
    DATA_DIR: "/var/lib/mbus",
    ADMIN_TOKEN_FILE: "/etc/admin.token",
    DMI_AREAS: "municipality:0101, station:06180,municipality:0101",
    DMI_BASE_URL: "http://127.0.0.1:9/v2/climateData/",
    DMI_API_KEY_FILE: "/etc/dmi",
    METER_KEYS_SECRET_FILE: "/etc/meter-keys.secret",
    METER_KEYS_OLD_SECRET_FILE: "/etc/meter-keys.old",
    LOG_LEVEL: "debug",
    LOG_FORMAT: "json",
  };
  assertEquals(Object.keys(VARIABLES).filter((name) => !(name in variables)), ["DATABASE_URL"]);
  assertEquals(loadConfig(variables), {
    dataFolder: "/var/lib/mbus",
    database: { url, urlFile },
    broker: {
      url: "mqtts://broker.example.org",
      username: "me",
      password: "p@ss",
      clientId: "mbus-server-2",
      ca: "/etc/ca.crt",
      cert: "/etc/server.crt",
      key: "/etc/server.key",
    },
    embeddedMqttPort: 1884,
    mqttShare: "mbus-servers",
    ingest: { lanes: 3, batch: { messages: 100, bytes: 65536, ageMs: 0 } },
    retention: { telegramDays: 800, readingDays: null, hourDays: 400 },
    compressTelegramsAfterDays: 30,
    metricsPort: 9090,
    tracing: true,
    http: { host: "0.0.0.0", port: 0 },
    adminTokenFile: "/etc/admin.token",
    makeAdminToken: false,
    degreeDays: {
      url: "http://127.0.0.1:9/v2/climateData",
      apiKeyFile: "/etc/dmi",
      areas: ["municipality:0101", "station:06180"],
    },
    meterKeys: { current: "/etc/meter-keys.secret", old: "/etc/meter-keys.old", make: false },
    log: { level: "debug", format: "json" },
  });
  await Deno.remove(urlFile);
});

Deno.test("loadConfig() takes off for telegrams that are never compressed", () => {
  assertEquals(loadConfig({ COMPRESS_TELEGRAMS_AFTER_DAYS: "off" }).compressTelegramsAfterDays, null);
});

Deno.test("loadConfig() makes no token for a database that is not its own", () => {
  const config = loadConfig({ DATABASE_URL: "postgres://mbus@localhost/mbus" });
  assertEquals([config.adminTokenFile, config.makeAdminToken], [null, false]);
});

const wrong: [Record<string, string>, string][] = [
  [{ HTTP_PORT: "80 80" }, 'HTTP_PORT is "80 80", expected a port from 1 to 65535, or 0 for any free one'],
  [{ MQTT_PORT: "65536" }, 'MQTT_PORT is "65536", expected a port'],
  [{ HTTP_HOST: "http://localhost" }, 'HTTP_HOST is "http://localhost", expected an address of this machine'],
  [{ COMPRESS_TELEGRAMS_AFTER_DAYS: "0" }, 'DAYS is "0", expected off, or a whole number from 1 to 36500'],
  [{ LOG_LEVEL: "loud" }, 'LOG_LEVEL is "loud", expected one of debug, info, warn, error'],
  [{ LOG_FORMAT: "xml" }, 'LOG_FORMAT is "xml", expected one of text, json'],
  [{ DMI_AREAS: "municipality:101" }, 'DMI_AREAS is "municipality:101", expected a list such as municipality:0101'],
  [{ DMI_BASE_URL: "http://dmi.example.org" }, "DMI_BASE_URL: Cannot use http://dmi.example.org/: it is not encrypted"],
  [{ DMI_BASE_URL: "mqtts://dmi.example.org" }, "expected https://HOST"],
  [{ MQTT_URL: "mqtt://broker.example.org" }, "MQTT_URL: Cannot use mqtt://broker.example.org: it is not encrypted"],
  [{ MQTT_URL: "https://broker.example.org" }, "expected mqtts://HOST:8883"],
  [{ MQTT_CERT: "a.crt" }, "MQTT_KEY is not set, expected a PEM file, as MQTT_CERT and MQTT_KEY belong together"],
  [{ MQTT_KEY: "a.key" }, "MQTT_CERT is not set"],
  [{ MQTT_CLIENT_ID: "a b" }, 'MQTT_CLIENT_ID is "a b", expected 1 to 64 letters'],
  [
    { DATABASE_URL: "mysql://localhost" },
    "DATABASE_URL: Cannot use the database's URL: it is not of the form postgres://",
  ],
  [{ DATABASE_URL: "postgres://m@db.example.org/m?sslmode=require" }, "expected verify-full"],
  [{ DATABASE_URL: "postgres://m@localhost/m", DATABASE_URL_FILE: "x" }, "as DATABASE_URL is set too"],
  [{ DATABASE_URL_FILE: "/nowhere/url" }, 'DATABASE_URL_FILE is "/nowhere/url", expected a file that exists'],
];

for (const [variables, sentence] of wrong) {
  Deno.test(`loadConfig() refuses ${JSON.stringify(variables)}`, () => {
    const { message } = assertThrows(() => loadConfig(variables), ConfigurationError);
    assertStringIncludes(message, sentence);
  });
}

Deno.test("loadConfig() names every mistake at once", () => {
  const { message } = assertThrows(() => loadConfig({ HTTP_PORT: "x", LOG_LEVEL: "y" }), ConfigurationError);
  assertEquals(message.split("\n").length, 3);
});

Deno.test("loadConfig() never repeats a password", () => {
  for (
    const variables of [
      { DATABASE_URL: "postgres://mbus:secret@db.example.org/mbus?sslmode=disable" },
      { DATABASE_URL: "postgres:/mbus:secret@db.example.org/mbus" },
      { MQTT_URL: "mqtt://mbus:secret@broker.example.org" },
      { MQTT_URL: "https://mbus:secret@broker.example.org" },
      { DMI_BASE_URL: "https://mbus:secret@dmi.example.org" },
    ]
  ) {
    const { message } = assertThrows(() => loadConfig(variables), ConfigurationError);
    assertFalse(message.includes("secret"), message);
  }
});
