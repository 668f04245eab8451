import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigurationError } from "@mbus-gateway/resource";
import { resolve } from "node:path";
import { loadConfig } from "../../server/config.ts";
import { serverFlags } from "../../server/flags.ts";

const flagsOf = (variables: Record<string, string>) => serverFlags(loadConfig(variables));

Deno.test("serverFlags() of the embedded defaults stays on loopback and within the data folder", () => {
  const data = resolve("data");
  const pglite = Deno.realPathSync(`${import.meta.dirname}/../../node_modules/@electric-sql/pglite/dist`);
  assertEquals(flagsOf({}), [
    `--allow-net=127.0.0.1:8080,unix:${data}/postgres/.s.PGSQL.5432,127.0.0.1:1883`,
    `--allow-read=${data}/admin.token,${data}/meter-keys.secret,${data},${pglite}`,
    `--allow-write=${data}`,
  ]);
});

Deno.test("serverFlags() allows what a full configuration names and nothing more", () => {
  assertEquals(
    flagsOf({
      DATABASE_URL: "postgres://mbus:x@db.example.org:6432/mbus?sslrootcert=/etc/mbus/db.crt",
      MQTT_URL: "mqtts://broker.example.org",
      MQTT_CA: "/etc/mbus/ca.crt",
      MQTT_CERT: "/etc/mbus/server.crt",
      MQTT_KEY: "/etc/mbus/server.key",
      HTTP_HOST: "::1",
      HTTP_PORT: "8443",
      ADMIN_TOKEN_FILE: "/etc/mbus/token",
      DMI_AREAS: "country",
      DMI_API_KEY_FILE: "/etc/mbus/dmi",
      METER_KEYS_SECRET_FILE: "/etc/mbus/meters",
    }),
    [
      "--allow-net=[::1]:8443,db.example.org:6432,broker.example.org:8883,opendataapi.dmi.dk:443",
      "--allow-read=/etc/mbus/token,/etc/mbus/meters,/etc/mbus/db.crt,/etc/mbus/ca.crt,/etc/mbus/server.crt,/etc/mbus/server.key,/etc/mbus/dmi",
    ],
  );
});

Deno.test("serverFlags() knows sockets, plain ports on loopback and ephemeral ports", () => {
  assertEquals(
    flagsOf({
      DATABASE_URL: "postgres://mbus@localhost:5433/mbus?host=/run/postgresql",
      MQTT_URL: "mqtt://[::1]",
      HTTP_PORT: "0",
      DMI_AREAS: "country",
      DMI_BASE_URL: "http://127.0.0.1",
    }),
    [
      "--allow-net=127.0.0.1,unix:/run/postgresql/.s.PGSQL.5433,[::1]:1883,127.0.0.1:80",
      "--allow-read=/run/postgresql/.s.PGSQL.5433",
      "--allow-write=/run/postgresql/.s.PGSQL.5433",
    ],
  );
});

Deno.test("serverFlags() refuses what a command line would take apart", () => {
  for (const folder of ["/var/lib/m b", "/var/lib/m,/", "/var/lib/'m'", "/var/lib/$m", "/var/lib/m*"]) {
    const { message } = assertThrows(() => flagsOf({ DATA_DIR: folder }), ConfigurationError);
    assertStringIncludes(message, "on a command line");
  }
});
