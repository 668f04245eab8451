import { assert, assertEquals, assertMatch, assertNotMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { deadline } from "@std/async";
import { ConfigurationError, createLog } from "@mbus-gateway/resource";
import { systemTimer, type Timer } from "../../gateway/clock.ts";
import { TUNNEL_SCRIPT } from "../../gateway/flags.ts";
import { TunnelError } from "../../gateway/tunnel_lease.ts";
import { TUNNEL_MS } from "../../gateway/tunnel_limit.ts";
import { cloudflareTunnelSession, type TunnelSessionOptions } from "../../gateway/tunnel_session.ts";
import { freePort } from "../fixtures/free_port.ts";
import { needs } from "../fixtures/needs.ts";

const FIXTURES = `${import.meta.dirname}/../fixtures`;
/** The stand-in comes first, then deno for it and `timeout` for the script. */
const PATH = `${FIXTURES}:${Deno.execPath().replace(/\/[^/]+$/, "")}:/usr/bin:/bin`;

/** A data folder with a token, and the options of a session in it. */
async function place(token: string) {
  const folder = await Deno.makeTempDir({ prefix: "mbus_tunnel_" });
  await Deno.writeTextFile(`${folder}/token`, `${token}\n`);
  const lines: string[] = [];
  const options: TunnelSessionOptions = {
    gateway: "GW-0001",
    tokenFile: `${folder}/token`,
    leaseFile: `${folder}/tunnel.lease`,
    metricsPort: freePort(),
    path: PATH,
    log: createLog({ level: "debug", write: (line) => lines.push(line) }),
  };
  return { folder, lines, options, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

/** Command lines of the processes that carry this text, `timeout` and what it runs. */
async function commandLines(text: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const line = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (line.includes(text)) found.push(line.replaceAll("\0", " ").trim());
  }
  return found;
}

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

Deno.test({
  name: "cloudflareTunnelSession() is ready when /ready says so, tells until when, and ends with its block",
  ...needs("timeout"),
  async fn() {
    await using here = await place("ready-token-made-up");
    const { options, lines } = here;
    const metrics = `127.0.0.1:${options.metricsPort}`;
    const now = new Date("2026-01-31T12:00:00.000Z");
    let ended: Promise<string>;
    {
      await using tunnel = await cloudflareTunnelSession({ ...options, clock: { now: () => now } });
      ended = tunnel.ended;
      assertEquals([tunnel.gateway, tunnel.startedAt], ["GW-0001", "2026-01-31T12:00:00.000Z"]);
      assertEquals(tunnel.expiresAt, "2026-01-31T12:30:00.000Z");
      assertEquals((await (await fetch(`http://${metrics}/ready`)).json()).readyConnections, 4);
      const running = await commandLines(metrics);
      assertEquals(running.length, 2, running.join("\n"));
      assert(running.some((line) => line.startsWith(`timeout -k 5 ${TUNNEL_MS / 1000} cloudflared tunnel `)));
      assertNotMatch(running.join("\n"), /ready-token/);
      assertEquals(JSON.parse(await Deno.readTextFile(options.leaseFile)).expiresAt, tunnel.expiresAt);
      await assertRejects(
        () => cloudflareTunnelSession({ ...options, clock: { now: () => now } }),
        TunnelError,
        "2026-01-31T12:30:10.000Z",
      );
    }
    assertEquals(await ended, "it was closed");
    assertEquals(await commandLines(metrics), []);
    assertEquals(await exists(options.leaseFile), false);
    // The stand-in told the log its token and what it sees of the environment.
    assertStringIncludes(lines.join("\n"), "with … and MBUS_GW_TUNNEL_LIMITED,PATH,");
    assertNotMatch(lines.join("\n"), /ready-token/);
  },
});

Deno.test({
  name: "cloudflareTunnelSession() ends the tunnel when its 30 minutes are over",
  ...needs("timeout"),
  async fn() {
    await using here = await place("ready");
    const { promise: over, resolve: letItBeOver } = Promise.withResolvers<void>();
    let asked = 0;
    const timer: Timer = {
      elapsed: systemTimer.elapsed,
      sleep(ms) {
        asked = ms;
        return over;
      },
    };
    await using tunnel = await cloudflareTunnelSession({ ...here.options, timer });
    assert(asked > TUNNEL_MS - 60_000 && asked <= TUNNEL_MS, String(asked));
    letItBeOver();
    assertEquals(await deadline(tunnel.ended, 15_000), "its 30 minutes are over");
    assertEquals(await exists(here.options.leaseFile), false);
  },
});

Deno.test({
  name: "cloudflareTunnelSession() reports the tunnel's own end, with its last word",
  ...needs("timeout"),
  async fn() {
    await using here = await place("ready-dies");
    await using tunnel = await cloudflareTunnelSession(here.options);
    const reason = await deadline(tunnel.ended, 15_000);
    assertEquals(reason, "cloudflared ended by itself (code 1): ERR Lost connection with the edge");
    assertEquals(await exists(here.options.leaseFile), false);
  },
});

Deno.test({
  name: "cloudflareTunnelSession() ends the tunnel when the program stops, and starts none in a stopping one",
  ...needs("timeout"),
  async fn() {
    await using here = await place("ready");
    const controller = new AbortController();
    await using tunnel = await cloudflareTunnelSession({ ...here.options, signal: controller.signal });
    controller.abort(new Error("stop"));
    assertEquals(await deadline(tunnel.ended, 15_000), "the program stops");
    await assertRejects(() => cloudflareTunnelSession({ ...here.options, signal: controller.signal }), Error, "stop");
    assertEquals(await exists(here.options.leaseFile), false);
  },
});

Deno.test({
  name: "cloudflareTunnelSession() says why it did not become ready, and leaves nothing running",
  ...needs("timeout"),
  async fn() {
    const cases: [token: string, options: Partial<TunnelSessionOptions>, says: string][] = [
      ["refused", {}, "cloudflared ended by itself (code 255): ERR Provided Tunnel token is not valid."],
      ["never", { readyTimeoutMs: 1500 }, "not ready within 1.5 s: it reaches no edge; check the network"],
      ["never", { path: "/usr/bin:/bin" }, "ended by itself (code 127)"],
    ];
    for (const [token, more, says] of cases) {
      await using here = await place(token);
      await assertRejects(() => cloudflareTunnelSession({ ...here.options, ...more }), TunnelError, says);
      assertEquals(await exists(here.options.leaseFile), false, says);
      assertEquals(await commandLines(`127.0.0.1:${here.options.metricsPort}`), []);
    }
    await using here = await place("never");
    const controller = new AbortController();
    const starting = cloudflareTunnelSession({ ...here.options, signal: controller.signal });
    setTimeout(() => controller.abort(new Error("stop")), 100);
    await assertRejects(() => starting, Error, "stop");
    assertEquals(await exists(here.options.leaseFile), false);
  },
});

Deno.test("cloudflareTunnelSession() refuses what cannot work before it starts anything", async () => {
  await using here = await place("ready");
  const { options } = here;
  const noToken = { ...options, tokenFile: `${here.folder}/none` };
  await assertRejects(() => cloudflareTunnelSession(noToken), ConfigurationError, "cannot be read");
  await Deno.writeTextFile(`${here.folder}/spoilt`, "two words\n");
  const spoilt = { ...options, tokenFile: `${here.folder}/spoilt` };
  await assertRejects(() => cloudflareTunnelSession(spoilt), ConfigurationError, "holds no token");
  const noScript = { ...options, script: `${here.folder}/cloudflared` };
  await assertRejects(() => cloudflareTunnelSession(noScript), Error, "Cannot start ");
  {
    using _other = Deno.listen({ hostname: "127.0.0.1", port: options.metricsPort ?? 0 });
    await assertRejects(() => cloudflareTunnelSession(options), TunnelError, "is taken by another program");
  }
  assertEquals(await exists(options.leaseFile), false);
});

Deno.test({
  name: "cloudflareTunnelSession() waits out the tunnel of a gateway that was killed",
  ...needs("timeout"),
  async fn() {
    await using here = await place("ready");
    const { options } = here;
    // With the rights of a gateway: the script, cloudflared's own port, the data folder.
    const rights = [
      "--no-prompt",
      "--allow-env=NODE_ENV",
      "--ignore-env",
      `--allow-run=${TUNNEL_SCRIPT}`,
      `--allow-net=127.0.0.1:${options.metricsPort}`,
      `--allow-read=${here.folder}`,
      `--allow-write=${here.folder}`,
    ];
    const words = JSON.stringify({ ...options, log: undefined });
    const gateway = new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", ...rights, `${FIXTURES}/tunnel_holder.ts`, words],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = gateway.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const startedAt = (await reader.read()).value?.trim() ?? "";
    gateway.kill("SIGKILL");
    await gateway.status;
    await reader.cancel();

    const metrics = `127.0.0.1:${options.metricsPort}`;
    // Nobody is left to end it but the script, which runs on.
    const [timeoutPid] = await pidsOf(`timeout -k 5 1800 cloudflared tunnel`, metrics);
    assert(timeoutPid !== undefined);
    const at = (ms: number) => ({ ...options, clock: { now: () => new Date(Date.parse(startedAt) + ms) } });
    const error = await assertRejects(() => cloudflareTunnelSession(at(60_000)), TunnelError, "Cannot start tunnel");
    assertStringIncludes(error.message, new Date(Date.parse(startedAt) + TUNNEL_MS + 10_000).toISOString());
    await assertRejects(() => cloudflareTunnelSession(at(TUNNEL_MS)), TunnelError);

    // What the script does after its 30 minutes.
    Deno.kill(timeoutPid, "SIGTERM");
    while ((await commandLines(metrics)).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await using tunnel = await cloudflareTunnelSession(at(TUNNEL_MS + 10_000));
    assertMatch(tunnel.startedAt, /Z$/);
  },
});

async function pidsOf(start: string, text: string): Promise<number[]> {
  const pids: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const line = (await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "")).replaceAll("\0", " ");
    if (line.startsWith(start) && line.includes(text)) pids.push(Number(name));
  }
  return pids;
}

Deno.test({
  name: "cloudflareTunnelSession() takes a lease that makes no sense for one that has just begun",
  ...needs("timeout"),
  async fn() {
    await using here = await place("ready");
    const { options } = here;
    const now = Date.parse("2026-01-31T12:00:00.000Z");
    const at = (ms: number) => ({ ...options, clock: { now: () => new Date(now + ms) } });
    for (const content of ["", "rubbish", `{"startedAt":"2036-01-01T00:00:00.000Z"}`]) {
      await Deno.writeTextFile(options.leaseFile, content);
      await assertRejects(() => cloudflareTunnelSession(at(0)), TunnelError, "2026-01-31T12:30:10.000Z");
      // The wait has an end: it is not begun anew by each attempt.
      await assertRejects(() => cloudflareTunnelSession(at(60_000)), TunnelError, "2026-01-31T12:30:10.000Z");
    }
    await using tunnel = await cloudflareTunnelSession(at(TUNNEL_MS + 10_000));
    assertEquals(tunnel.startedAt, "2026-01-31T12:30:10.000Z");
  },
});

Deno.test({
  name: "deploy/cloudflared says so when PATH leads back to itself",
  ...needs("timeout"),
  async fn() {
    const deploy = `${import.meta.dirname}/../../deploy`;
    const { code, stderr } = await new Deno.Command(`${deploy}/cloudflared`, {
      clearEnv: true,
      env: { PATH: `${deploy}:/usr/bin:/bin` },
    }).output();
    assertEquals(code, 126);
    assertStringIncludes(new TextDecoder().decode(stderr), "PATH leads back to this script");
  },
});
