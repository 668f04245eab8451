import { assertEquals, assertStringIncludes } from "@std/assert";
import { OVERRIDES } from "../../gateway/config.ts";
import { libcPath, SMALL_WORDS } from "../../gateway/flags.ts";
import { childEnvironment, gatewayWords } from "../fixtures/gateway_process.ts";

const ROOT = `${import.meta.dirname}/../..`;

/** What the gateway must be able to do. */
const ITS_OWN = ["read its token", "write in its folder", "reach its broker", "read its settings"];

async function deno(args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { ...childEnvironment(), ...env },
    clearEnv: true,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Lets a program with the gateway's rights for `buses` try everything. */
async function attempt(buses: string): Promise<Record<string, string>> {
  const folder = await Deno.makeTempDir({ prefix: "mbus_rights_" });
  using broker = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const path = `${folder}/config.yaml`;
    const port = (broker.addr as Deno.NetAddr).port;
    await Deno.mkdir(`${folder}/data`);
    await Deno.writeTextFile(`${folder}/token`, "mbg_made-up");
    await Deno.writeTextFile(`${folder}/other.key`, "a key of somebody else");
    await Deno.writeTextFile(
      path,
      `gateway: GW-0001\ndataFolder: data\nmqtt: { url: "mqtt://127.0.0.1:${port}" }\n` +
        `platform: { url: "http://127.0.0.1:${port}", tokenFile: token }\nbuses: ${buses}\n`,
    );
    const given = {
      token: `${folder}/token`,
      otherKey: `${folder}/other.key`,
      data: `${folder}/data`,
      outside: folder,
      config: path,
      broker: port,
      otherPort: (other.addr as Deno.NetAddr).port,
      libc: libcPath(),
      otherLibrary: libcPath().replace("libc.so", "libm.so"),
      serial: buses.includes("/dev/"),
    };
    const script = "tests/gateway/attempts.ts";
    const { stdout, stderr } = await deno([...gatewayWords(path), script, JSON.stringify(given)], {
      SECRET: "not for the gateway",
      MBUS_GW_LOG_LEVEL: "info",
    });
    assertEquals(stderr, "");
    return JSON.parse(stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function expectOnly(done: string[], outcomes: Record<string, string>) {
  for (const name of done) assertEquals([name, outcomes[name]], [name, "done"]);
  const expected = Object.keys(outcomes).map((name) => [name, done.includes(name) ? "done" : "denied"]);
  assertEquals(outcomes, Object.fromEntries(expected));
}

Deno.test("the gateway's rights once it has begun: its files, its folder, its broker, its settings, and nothing else", async () => {
  expectOnly(ITS_OWN, await attempt(`[{ name: main, port: "tcp://127.0.0.1:1", meters: [p1] }]`));
});

Deno.test("the gateway's rights with a serial bus: libc once, then no library any more", async () => {
  expectOnly([...ITS_OWN, "load libc"], await attempt(`[{ name: main, port: /dev/ttyUSB0, meters: [p1] }]`));
});

Deno.test("the gateway's set of deno.json names every variable that the gateway reads", () => {
  const commented = Deno.readTextFileSync(`${ROOT}/deno.json`);
  const { allow, ignore } = JSON.parse(commented.replaceAll(/^\s*\/\/.*$/gm, "")).permissions.gateway.env;
  assertEquals(
    [...allow].sort(),
    ["MBUS_GW_CONFIG", "NOTIFY_SOCKET", "WATCHDOG_USEC", ...Object.keys(OVERRIDES)].sort(),
  );
  assertEquals(ignore, true);
});

const main = (args: string[], env: Record<string, string> = {}) =>
  deno(["run", "-q", "-A", "gateway/main.ts", ...args], env);

async function withConfig(text: string, body: (path: string) => Promise<void>) {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(path, text);
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

const GOOD = `gateway: GW-0001
dataFolder: /var/lib/gw
mqtt: { url: "mqtt://127.0.0.1" }
platform: { url: "http://127.0.0.1:8080", tokenFile: /etc/gw/token }
buses: [{ name: main, port: "tcp://127.0.0.1:10001", meters: [p1, p2] }]
`;

Deno.test("gateway/main.ts exits with 3 and names the key of a wrong configuration, whatever the verb", () =>
  withConfig(GOOD.replace("p2", "p999").replace("GW-0001", "GW 1"), async (path) => {
    for (const verb of ["run", "check-config", "flags"]) {
      const { code, stderr, stdout } = await main([verb, "--config", path]);
      assertEquals([code, stdout], [3, ""]);
      const [first = "", ...mistakes] = stderr.trimEnd().split("\n");
      assertStringIncludes(first, `Cannot use configuration ${path}:`);
      assertEquals(mistakes.length, 2);
      assertStringIncludes(mistakes[0] ?? "", 'gateway is "GW 1", expected a gateway id such as GW-0001 (line 1)');
      assertStringIncludes(mistakes[1] ?? "", 'buses[0].meters[1] is "p999", expected');
    }
  }));

Deno.test("gateway/main.ts exits with 13 when its configuration may not be read", () =>
  withConfig(GOOD, async (path) => {
    const args = ["run", "-q", "--no-prompt", "-P=gateway", "gateway/main.ts", "--config", path];
    const { code, stderr } = await deno(args);
    assertEquals(code, 13);
    assertStringIncludes(stderr, path);
  }));

Deno.test("gateway/main.ts prints the words that follow from the configuration", () =>
  withConfig(GOOD, async (path) => {
    const { code, stdout } = await main(["flags"], { MBUS_GW_CONFIG: path, MBUS_GW_MQTT_URL: "mqtt://localhost:1999" });
    assertEquals(code, 0);
    assertEquals(
      stdout,
      `${
        SMALL_WORDS.join(" ")
      } --allow-net=unix:/var/lib/gw/control.sock,localhost:1999,127.0.0.1:8080,127.0.0.1:10001 --allow-read=${path},/etc/gw/token,/var/lib/gw,/run/systemd/timesync ` +
        `--allow-write=/var/lib/gw --allow-ffi=${libcPath()}\n`,
    );
    const check = await main(["check-config", `--config=${path}`]);
    assertEquals(check.stdout, `${path} is right: gateway GW-0001, 2 meters on main (tcp://127.0.0.1:10001)\n`);
  }));

Deno.test("gateway/main.ts exits with 2 for a verb or option that does not exist, and suggests the nearest", async () => {
  const verb = await main(["flgas"]);
  assertEquals(verb.code, 2);
  assertStringIncludes(verb.stderr, 'there is no verb "flgas"; did you mean "flags"?');
  const option = await main(["--confg", "x"]);
  assertEquals(option.code, 2);
  assertStringIncludes(option.stderr, 'did you mean "--config"?');
});

Deno.test("gateway/main.ts decodes a telegram, helps and tells its version", async () => {
  assertStringIncludes((await main(["--help"])).stdout, "check-config");
  assertEquals((await main(["--version"])).code, 0);
  assertStringIncludes((await main(["decode", "--help"])).stdout, "Decode M-Bus telegrams");
});
