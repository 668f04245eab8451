import { assertEquals } from "@std/assert";
import { VARIABLES } from "../../server/config.ts";
import { freePort } from "../fixtures/free_port.ts";
import { runToEnd, serverRights } from "../fixtures/server_process.ts";

const ROOT = `${import.meta.dirname}/../..`;
const LIBRARY = [`/lib/${Deno.build.arch}-linux-gnu/libm.so.6`, "/lib64/libm.so.6"].find(exists) ?? Deno.execPath();

/** What the server with the embedded defaults must be able to do. */
const ITS_OWN = [
  "read its token",
  "write in its folder",
  "read the embedded database's program",
  "listen for HTTP",
  "listen for MQTT",
  "listen on its database's socket",
  "read its settings",
];
/** With a database and a broker elsewhere. */
const WITHOUT_EMBEDDED = [
  "read its token",
  "listen for HTTP",
  "read its settings",
];

/** Lets a program with the server's rights try everything. */
async function attempt(more: Record<string, string> = {}): Promise<Record<string, string>> {
  const folder = await Deno.makeTempDir({ prefix: "mbus-rights-" });
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const [http, mqtt] = [freePort(), freePort()];
    const data = `${folder}/data`;
    await Deno.mkdir(`${data}/postgres`, { recursive: true });
    await Deno.writeTextFile(`${folder}/token`, "mbg_made-up");
    await Deno.writeTextFile(`${folder}/other.key`, "a key of somebody else");
    const given = {
      ...{ token: `${folder}/token`, otherKey: `${folder}/other.key`, data, outside: folder, http, mqtt },
      otherPort: (other.addr as Deno.NetAddr).port,
      sharedObject: LIBRARY,
    };
    const env = {
      HTTP_PORT: String(http),
      MQTT_PORT: String(mqtt),
      DATA_DIR: data,
      ADMIN_TOKEN_FILE: given.token,
      LOG_LEVEL: "info",
      ...more,
    };
    const words = [...serverRights(env), "tests/server/attempts.ts", JSON.stringify(given)];
    const { stdout, stderr } = await runToEnd(words, { ...env, SECRET: "not for the server" });
    assertEquals(stderr, "");
    return JSON.parse(stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function expectOnly(done: string[], outcomes: Record<string, string>) {
  const expected = Object.keys(outcomes).map((name) => [name, done.includes(name) ? "done" : "denied"]);
  assertEquals(outcomes, Object.fromEntries(expected));
  assertEquals(done.filter((name) => !(name in outcomes)), []);
}

Deno.test("the server's rights: no program, no device, no library, nothing outside its folder and its ports", async () => {
  expectOnly(ITS_OWN, await attempt());
});

Deno.test("the server's rights with database and broker elsewhere: nothing to write, nothing embedded", async () => {
  const elsewhere = { DATABASE_URL: "postgres://mbus@db.example.org/mbus", MQTT_URL: "mqtts://broker.example.org" };
  expectOnly(WITHOUT_EMBEDDED, await attempt(elsewhere));
});

Deno.test("the server's set of deno.json names every variable that the server reads, and no right to run or load", () => {
  const commented = Deno.readTextFileSync(`${ROOT}/deno.json`);
  const set = JSON.parse(commented.replaceAll(/^\s*\/\/.*$/gm, "")).permissions.server;
  assertEquals([...set.env.allow].sort(), Object.keys(VARIABLES).sort());
  assertEquals(set.env.ignore, true);
  for (const right of ["run", "ffi", "sys", "net", "write"]) assertEquals(set[right], undefined, right);
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
