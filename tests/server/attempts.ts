// Run with the server's rights by permissions_test.ts: tries what a hostile main module could try, and prints for each
// attempt what came of it.
import { outcomesOf } from "../fixtures/outcomes.ts";

interface Attempts {
  token: string;
  otherKey: string;
  data: string;
  outside: string;
  http: number;
  mqtt: number;
  otherPort: number;
  sharedObject: string;
}

const given: Attempts = JSON.parse(Deno.args[0] ?? "{}");
const local = "127.0.0.1";
const pglite = import.meta.resolve("@electric-sql/pglite");

const attempts: Record<string, () => unknown> = {
  "read its token": () => Deno.readTextFileSync(given.token),
  "write in its folder": () => Deno.writeTextFileSync(`${given.data}/note`, "x"),
  "read the embedded database's program": () => Deno.readFileSync(new URL("pglite.data", pglite)),
  "listen for HTTP": () => Deno.listen({ hostname: local, port: given.http }).close(),
  "listen for MQTT": () => Deno.listen({ hostname: local, port: given.mqtt }).close(),
  "listen on its database's socket": () => {
    const path = `${given.data}/postgres/.s.PGSQL.5432`;
    Deno.listen({ transport: "unix", path }).close();
  },
  "read its settings": () => Deno.env.get("LOG_LEVEL") ?? "not set",

  "read a key outside its set": () => Deno.readTextFileSync(given.otherKey),
  "read a key by a link in its folder": () => {
    Deno.symlinkSync(given.otherKey, `${given.data}/link`);
    return Deno.readTextFileSync(`${given.data}/link`);
  },
  "read the environment by /proc": () => Deno.readTextFileSync("/proc/self/environ"),
  "list a folder": () => [...Deno.readDirSync("/etc")],
  "write outside its folder": () => Deno.writeTextFileSync(`${given.outside}/note`, "x"),
  "write its own program": () => Deno.writeTextFileSync(new URL("main.ts", import.meta.url), "x", { append: true }),
  "write the embedded database's program": () => {
    Deno.writeTextFileSync(new URL("note", pglite), "x");
  },
  "read another package": () => Deno.readDirSync("node_modules/postgres").next(),
  "open a device": () => Deno.openSync("/dev/null").close(),
  "open a serial port": () => Deno.openSync("/dev/ttyS0", { read: true, write: true }).close(),
  "spawn a shell": () => new Deno.Command("/bin/sh", { args: ["-c", "true"] }).outputSync(),
  "spawn itself": () => new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync(),
  "spawn by Node's words": async () => {
    const { spawnSync } = await import("node:child_process");
    // It says nothing when it may not; a program that ran would have a status.
    if (spawnSync("/bin/true").status !== 0) throw new Deno.errors.NotCapable("it did not run");
  },
  "end another process": () => Deno.kill(Deno.ppid, "SIGCONT"),
  "load a library": () => Deno.dlopen(given.sharedObject, {}).close(),
  "reach another port": async () => (await Deno.connect({ hostname: local, port: given.otherPort })).close(),
  "reach another host": async () => (await Deno.connect({ hostname: "192.0.2.1", port: 443 })).close(),
  "fetch from another host": () => fetch("https://other.example.org/"),
  "ask a name server": () => Deno.resolveDns("secret.example.org", "A"),
  "listen on another port": () => Deno.listen({ hostname: local, port: 0 }).close(),
  "listen on another socket": () => Deno.listen({ transport: "unix", path: `${given.outside}/socket` }).close(),
  "import from a public host": () => import(String(new URL("https://deno.land/secret.ts"))),
  "know the host's name": () => Deno.hostname(),
  "ask for more": async () => {
    const { state } = await Deno.permissions.request({ name: "run" });
    if (state !== "granted") throw new Deno.errors.NotCapable(state);
  },
  "read other variables": () => {
    if (Deno.env.get("SECRET") === undefined && !("SECRET" in Deno.env.toObject())) {
      throw new Deno.errors.NotCapable("they are not there");
    }
  },
};

console.log(JSON.stringify(await outcomesOf(attempts)));
