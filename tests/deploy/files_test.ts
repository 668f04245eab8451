import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { parse } from "yaml";

const root = `${import.meta.dirname}/../..`;
const read = (path: string) => Deno.readTextFile(`${root}/${path}`);

function exists(path: string): boolean {
  return Deno.statSync(`${root}/${path}`) !== null;
}

/** The directives of a systemd unit, each with all its values. */
function directives(unit: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of unit.split("\n")) {
    const [, name, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) found.set(name, [...found.get(name) ?? [], value]);
  }
  return found;
}

Deno.test("systemd units restart on failure, but not on a configuration that cannot work", async () => {
  for (const name of ["mbus-gateway", "mbus-server"]) {
    const unit = directives(await read(`deploy/systemd/${name}.service`));
    assertEquals(unit.get("Restart"), ["on-failure"]);
    assertEquals(unit.get("RestartPreventExitStatus"), ["2 3 13"]);
    assertEquals(unit.get("NoNewPrivileges"), ["yes"]);
    assertEquals(unit.get("ProtectSystem"), ["strict"]);
    assert(!unit.get("User")?.includes("root"));
  }
});

Deno.test("the gateway's unit waits until it reads, and starts one that hangs again", async () => {
  const unit = directives(await read("deploy/systemd/mbus-gateway.service"));
  assertEquals([unit.get("Type"), unit.get("NotifyAccess")], [["notify"], ["main"]]);
  assert(Number(unit.get("WatchdogSec")) >= 30);
});

Deno.test("the gateway's unit reaches serial ports alone, the server's no device", async () => {
  const gateway = directives(await read("deploy/systemd/mbus-gateway.service"));
  assertEquals(gateway.get("DevicePolicy"), ["closed"]);
  for (const device of gateway.get("DeviceAllow") ?? []) assertMatch(device, /^char-tty(USB|ACM|S|AMA) rw$/);
  const server = directives(await read("deploy/systemd/mbus-server.service"));
  assertEquals(server.get("PrivateDevices"), ["yes"]);
});

Deno.test("the compose file is unprivileged, keeps secrets in files and publishes only TLS and loopback", async () => {
  // Parsed, and not run: that needs a container engine.
  const compose = parse(await read("deploy/compose.yaml"));
  const services: [string, Record<string, unknown>][] = Object.entries(compose.services);
  assertEquals(services.map(([name]) => name).sort(), ["mosquitto", "postgres", "server"]);
  const ports = services.flatMap(([, service]) => (service.ports ?? []) as string[]);
  assertEquals(ports, ["8883:8883", "127.0.0.1:8080:8080"]);
  for (const [name, service] of services) {
    assert(!service.privileged, name);
    for (const secret of (service.secrets ?? []) as (string | { source: string })[]) {
      const source = typeof secret === "string" ? secret : secret.source;
      assert(source in compose.secrets, `${name}: ${source}`);
    }
    for (const [variable, value] of Object.entries(service.environment ?? {})) {
      if (/PASSWORD|TOKEN|DATABASE_URL/.test(variable)) assertMatch(String(value), /^\/run\/secrets\//, variable);
    }
    for (const volume of (service.volumes ?? []) as string[]) {
      if (volume.startsWith("./")) assert(exists(`deploy/${volume.split(":")[0]?.slice(2)}`), volume);
    }
  }
  const env = await read("server/config.ts");
  for (const variable of Object.keys(compose.services.server.environment)) {
    assert(env.includes(variable), `the server does not know ${variable}`);
  }
});

Deno.test("the Dockerfile runs as a user of its own and copies what there is", async () => {
  const dockerfile = await read("deploy/Dockerfile");
  assertMatch(dockerfile, /^USER deno$/m);
  assertNotMatch(dockerfile, /--allow-all|\s-A\s/);
  for (const [, sources = ""] of dockerfile.matchAll(/^COPY --chown=deno:deno (.+) \S+$/gm)) {
    for (const source of sources.split(" ")) assert(exists(source), source);
  }
});
