// Run with the gateway's rights by permissions_test.ts: tries what a hostile main module could try, and prints for each
// attempt what came of it.
import { createLog, DeviceError } from "@mbus-gateway/resource";
import { loadLibc } from "../../gateway/libc.ts";
import { memoryCare } from "../../gateway/memory_care.ts";
import { openTty } from "../../gateway/tty.ts";
import { outcomesOf } from "../fixtures/outcomes.ts";

interface Attempts {
  token: string;
  otherKey: string;
  data: string;
  outside: string;
  config: string;
  broker: number;
  otherPort: number;
  libc: string;
  otherLibrary: string;
  serial: boolean;
}

const given: Attempts = JSON.parse(Deno.args[0] ?? "{}");

// As the gateway begins.
using _memory = await memoryCare(createLog(), { keepRight: given.serial });

/** The binding's own refusal counts as one; without libc it cannot even begin. */
function refusedAsDevice(path: string) {
  try {
    openTty(path, { baudRate: 2400, dataBits: 8, parity: "even", stopBits: 1 });
  } catch (thrown) {
    const refused = thrown instanceof DeviceError || /libc.* not loaded/.test(String(thrown));
    throw refused ? new Deno.errors.NotCapable(String(thrown)) : thrown;
  }
}

const attempts: Record<string, () => unknown> = {
  "read its token": () => Deno.readTextFileSync(given.token),
  "write in its folder": () => Deno.writeTextFileSync(`${given.data}/note`, "x"),
  "reach its broker": async () => (await Deno.connect({ hostname: "127.0.0.1", port: given.broker })).close(),
  "read its settings": () => Deno.env.get("MBUS_GW_LOG_LEVEL") ?? "not set",

  "read a key outside its set": () => Deno.readTextFileSync(given.otherKey),
  "read a key by a link in its folder": () => {
    Deno.symlinkSync(given.otherKey, `${given.data}/link`);
    return Deno.readTextFileSync(`${given.data}/link`);
  },
  "read the environment by /proc": () => Deno.readTextFileSync("/proc/self/environ"),
  "list a folder": () => [...Deno.readDirSync("/etc")],
  "write outside its folder": () => Deno.writeTextFileSync(`${given.outside}/note`, "x"),
  "write its configuration": () => Deno.writeTextFileSync(given.config, "x", { append: true }),
  "write its token": () => Deno.writeTextFileSync(given.token, "x", { append: true }),
  "open a device": () => Deno.openSync("/dev/null"),
  "spawn a shell": () => new Deno.Command("/bin/sh", { args: ["-c", "true"] }).outputSync(),
  "spawn itself": () => new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync(),
  "end another process": () => Deno.kill(Deno.ppid, "SIGCONT"),
  "reach another port": async () => (await Deno.connect({ hostname: "127.0.0.1", port: given.otherPort })).close(),
  "reach another host": async () => (await Deno.connect({ hostname: "192.0.2.1", port: 443 })).close(),
  "fetch from another host": () => fetch("https://other.example.org/"),
  "ask a name server": () => Deno.resolveDns("secret.example.org", "A"),
  "make a socket of its own outside its folder": () =>
    Deno.listen({ transport: "unix", path: `${given.outside}/other.sock` }).close(),
  "make another socket in its folder": () =>
    Deno.listen({ transport: "unix", path: `${given.data}/other.sock` }).close(),
  "take away its configuration": () => Deno.removeSync(given.config),
  "change who may read its token": () => Deno.chmodSync(given.token, 0o644),
  "listen": () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
  "import from a public host": () => import(String(new URL("https://deno.land/secret.ts"))),
  "load another library": () => Deno.dlopen(given.otherLibrary, {}).close(),
  "load libc": () => loadLibc(),
  "load another library after libc": () => Deno.dlopen(given.otherLibrary, {}).close(),
  "open a file as a serial port": () => refusedAsDevice(given.token),
  "open a device as a serial port": () => refusedAsDevice("/dev/zero"),
  "open a file by a link that looks like a serial port": () => {
    Deno.writeTextFileSync(`${given.data}/ttyUSB0`, "x");
    return refusedAsDevice(`${given.data}/ttyUSB0`);
  },
  "load libc once more": () => Deno.dlopen(given.libc, {}).close(),
  "know the host's name": () => Deno.hostname(),
  "ask for more": async () => {
    const { state } = await Deno.permissions.request({ name: "read" });
    if (state !== "granted") throw new Deno.errors.NotCapable(state);
  },
  "read other variables": () => {
    if (
      Deno.env.get("SECRET") === undefined && Object.keys(Deno.env.toObject()).every((name) => /^MBUS_GW_/.test(name))
    ) {
      throw new Deno.errors.NotCapable("they are not there");
    }
  },
};

console.log(JSON.stringify(await outcomesOf(attempts)));
