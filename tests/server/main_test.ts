import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { httpClient } from "@mbus-gateway/resource";
import { VERSION } from "@mbus-gateway/wire";
import { embeddedFolder } from "../fixtures/embedded_folder.ts";
import { freePort } from "../fixtures/free_port.ts";
import { needs } from "../fixtures/needs.ts";
import { freshDatabase, privatePostgres } from "../fixtures/private_postgres.ts";
import { runToEnd, serverProcess } from "../fixtures/server_process.ts";
import { until } from "../fixtures/until.ts";

const MAIN = "server/main.ts";

/** A data folder whose embedded database was started before, and ports of its own. */
async function place() {
  const path = await Deno.makeTempDir({ prefix: "mbus-server-" });
  {
    await using prepared = await embeddedFolder();
    await Deno.rename(prepared.path, `${path}/postgres`);
    await Deno.mkdir(prepared.path); // for its own disposal
  }
  const env = { DATA_DIR: path, HTTP_PORT: String(freePort()), MQTT_PORT: String(freePort()) };
  return { path, env, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("the server starts on the embedded defaults, answers, stops with 0, and starts again with the same token", async () => {
  await using at = await place();
  await using http = httpClient();
  const url = `http://127.0.0.1:${at.env.HTTP_PORT}/`;
  await using server = serverProcess(at.env);
  assertEquals(await server.start(), { ready: true, url, mqtt: `mqtt://127.0.0.1:${at.env.MQTT_PORT}` });
  assertEquals(await http.getJson(new URL("healthz", url)), { status: "ok", version: VERSION });
  const token = await Deno.readTextFile(`${at.path}/admin.token`);
  const api = () =>
    http.getJson(new URL("api/v1/gateways", url), { headers: { authorization: `Bearer ${token.trim()}` } });
  const before = await api();
  assertEquals(await server.stop(), 0);
  await server.start();
  assertEquals(await api(), before);
  assertEquals(await Deno.readTextFile(`${at.path}/admin.token`), token);

  // A second server on the same folder, while the first one lives.
  const second = await runToEnd(["-A", MAIN], { ...at.env, HTTP_PORT: "0", MQTT_PORT: "0" });
  assertEquals([second.code, second.stdout], [3, ""]);
  assertStringIncludes(second.stderr, `Cannot use folder ${at.path}/postgres: process ${server.pid} works on it`);
  assertEquals(await server.stop(), 0);
});

Deno.test("the server leaves Ctrl-C to its parent when told so, and its demo address signs in by itself", async () => {
  await using at = await place();
  await using server = serverProcess(at.env, ["--demo-sign-in", "--ignore-sigint"]);
  const { url } = await server.start();
  Deno.kill(server.pid ?? 0, "SIGINT");
  const page = await fetch(String(url));
  assertEquals(page.status, 200);
  assert((await page.text()).includes("</html>"));
  assertEquals((await fetch(new URL("/?demo=guess", String(url)), { redirect: "manual" }).then(bodyless)).status, 303);
  assertEquals(await server.stop(), 0);
});

async function bodyless(response: Response): Promise<Response> {
  await response.body?.cancel();
  return response;
}

Deno.test("the server says which port is taken and what chooses another, and exits with 3", async () => {
  await using at = await place();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String((taken.addr as Deno.NetAddr).port);
  const http = await runToEnd(["-A", MAIN], { ...at.env, HTTP_PORT: port });
  assertEquals([http.code, http.stdout], [3, ""]);
  assertStringIncludes(http.stderr, `127.0.0.1:${port}: another program has the port; choose another with HTTP_PORT`);
  const mqtt = await runToEnd(["-A", MAIN], { ...at.env, MQTT_PORT: port });
  assertEquals([mqtt.code, mqtt.stdout], [3, ""]);
  assertStringIncludes(mqtt.stderr, "choose another with MQTT_PORT");
});

Deno.test("the server exits with 3 and names the variable that is wrong", async () => {
  const runs: [Record<string, string>, string[], string][] = [
    [{ HTTP_PORT: "eighty" }, [], 'HTTP_PORT is "eighty", expected a port'],
    [{ MQTT_URL: "mqtt://broker.example.org" }, ["check-config"], "MQTT_URL: "],
    [{ DATABASE_URL: "postgres://m:secret@db.example.org/m?sslmode=disable" }, ["flags"], "DATABASE_URL: "],
  ];
  await Promise.all(runs.map(async ([env, args, sentence]) => {
    const { code, stdout, stderr } = await runToEnd(["-P=flags", MAIN, ...args], env);
    assertEquals([code, stdout], [3, ""], stderr);
    assertStringIncludes(stderr, sentence);
    assert(!stderr.includes("secret"));
  }));
});

Deno.test("the server exits with 2 for what it does not understand", async () => {
  const runs: [Record<string, string>, string[], string][] = [
    [{}, ["server"], 'there is no verb "server"; did you mean "serve"?'],
    [{}, ["--demo-signin"], 'Cannot use "--demo-signin": did you mean "--demo-sign-in"?'],
    [{ HTTP_HOST: "0.0.0.0" }, ["--demo-sign-in"], "HTTP_HOST is 0.0.0.0"],
    [{}, ["serve", "--role", "both"], '--role "both": expected one of all, ingest, api'],
    [{}, ["serve", "--role=api"], "DATABASE_URL is not set, and what is embedded cannot be shared"],
    [{ DATABASE_URL: "postgres://m@localhost/m" }, ["serve", "--role=ingest"], "MQTT_URL is not set"],
    [{ DATABASE_URL: "postgres://m@localhost/m" }, ["serve", "--demo-sign-in"], "the database is not the embedded one"],
  ];
  await Promise.all(runs.map(async ([env, args, sentence]) => {
    const { code, stdout, stderr } = await runToEnd(["-P=flags", MAIN, ...args], env);
    assertEquals([code, stdout], [2, ""], stderr);
    assertStringIncludes(stderr, sentence);
  }));
});

Deno.test("the server explains itself", async () => {
  const [help, version, check] = await Promise.all([
    runToEnd(["-P=flags", MAIN, "serve", "--help"]),
    runToEnd(["-P=flags", MAIN, "--version"]),
    runToEnd(["-P=flags", MAIN, "check-config"], {
      DATABASE_URL: "postgres://m:secret@localhost/m",
      DATA_DIR: "/data",
    }),
  ]);
  assertEquals([help.code, version.code, check.code], [0, 0, 0]);
  assertStringIncludes(help.stdout, "ADMIN_TOKEN_FILE");
  assertEquals(version.stdout, `${VERSION}\n`);
  assertEquals(
    check.stdout,
    "The environment is right: listens on 127.0.0.1:8080, database m at localhost:5432, broker embedded on port 1883\n",
  );
});

Deno.test({
  name: "the server waits for a database and a broker that are away, and stops with 0 while it waits",
  ...needs("initdb"),
  async fn() {
    await using at = await freshDatabase({ migrated: false });
    const env = {
      DATABASE_URL: at.url,
      MQTT_URL: `mqtt://127.0.0.1:${freePort()}`,
      HTTP_PORT: String(freePort()),
    };
    privatePostgres().stop();
    await using server = serverProcess(env);
    server.launch();
    server.ready().catch(() => {});
    const said = (words: string) => server.lines.some((line) => line.includes(words));
    await until("it says that it waits", () => said("Cannot start yet: waiting for the database"));
    assertEquals(await server.stop(), 0);

    server.launch();
    const ready = server.ready();
    privatePostgres().start();
    await ready;
    await until("it says that the broker is away", () => said("Cannot take in readouts from the broker: trying again"));
    assert(said("Nobody can sign in: there is no API token"));
    assertEquals(await server.stop(), 0);
    assert(!server.lines.some((line) => line.includes(" error ")), server.lines.join("\n"));
  },
});

Deno.test("the server stops with 0 while a database that says nothing is asked", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = silent.addr as Deno.NetAddr;
  await using server = serverProcess({
    DATABASE_URL: `postgres://m@127.0.0.1:${port}/m`,
    HTTP_PORT: String(freePort()),
  });
  server.launch();
  server.ready().catch(() => {});
  using _connection = await silent.accept();
  assertEquals(await server.stop(), 0);
  assert(!server.lines.some((line) => line.includes("Cannot start yet")), "it waited for the connection's time-out");
});

Deno.test({
  name: "a server of the role api answers requests without a broker, and its figures where a port is named",
  ...needs("initdb"),
  async fn() {
    await using at = await freshDatabase();
    const [port, metricsPort] = [freePort(), freePort()];
    const env = { DATABASE_URL: at.url, HTTP_PORT: String(port), METRICS_PORT: String(metricsPort) };
    await using server = serverProcess(env, ["serve", "--role", "api"]);
    assertEquals((await server.start()).mqtt, null);
    const status = async (port: number, path: string) => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { redirect: "manual" });
      await answer.body?.cancel();
      return answer.status;
    };
    assertEquals(await status(port, "/api/v1/meters"), 401);
    assertEquals([await status(metricsPort, "/metrics"), await status(metricsPort, "/healthz")], [200, 200]);
    assertEquals([await status(port, "/metrics"), await status(metricsPort, "/api/v1/meters")], [303, 404]);
    assertEquals(await server.stop(), 0);
  },
});
