import { assert, assertEquals, assertRejects } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { systemClock, systemTimer } from "../../../gateway/clock.ts";
import { RequestError } from "../../../gateway/requests/request_error.ts";
import { tunnelDesk } from "../../../gateway/requests/tunnel_handlers.ts";
import { TunnelError } from "../../../gateway/tunnel_lease.ts";
import { freePort } from "../../fixtures/free_port.ts";
import { needs } from "../../fixtures/needs.ts";
import { until } from "../../fixtures/until.ts";

const FIXTURES = `${import.meta.dirname}/../../fixtures`;
/** The stand-in comes first, then deno for it and `timeout` for the script. */
const PATH = `${FIXTURES}:${Deno.execPath().replace(/\/[^/]+$/, "")}:/usr/bin:/bin`;
const context = { signal: new AbortController().signal, progress: () => {} };

async function scene(token: string | null) {
  const stack = new AsyncDisposableStack();
  const dataFolder = await Deno.makeTempDir({ prefix: "mbus_tunnel_" });
  stack.defer(() => Deno.remove(dataFolder, { recursive: true }));
  if (token !== null) await Deno.writeTextFile(`${dataFolder}/token`, `${token}\n`);
  const tunnel = token === null ? undefined : { tokenFile: `${dataFolder}/token`, metricsPort: freePort() };
  const ended: string[] = [];
  const config = { gateway: "GW-0001", dataFolder, tunnel };
  const desk = stack.use(tunnelDesk({
    config: () => config,
    ...{ clock: systemClock(), timer: systemTimer, log: silentLog, path: PATH },
    onEnded: (reason) => ended.push(reason),
  }));
  const ask = async (verb: string) => await desk.handlers[verb]?.run({}, context);
  return { ask, ended, config, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

Deno.test({
  name: "tunnel/open opens one tunnel however often it is asked, tells until when, and tunnel/close ends it",
  ...needs("timeout"),
  async fn() {
    await using at = await scene("ready");
    const [one, two] = await Promise.all([at.ask("tunnel/open"), at.ask("tunnel/open")]);
    assertEquals(one, two);
    const { gateway, startedAt, expiresAt } = one as Record<string, string>;
    assertEquals([gateway, Date.parse(expiresAt ?? "") - Date.parse(startedAt ?? "")], ["GW-0001", 1_800_000]);
    assertEquals(await at.ask("tunnel/close"), { closed: true });
    assertEquals(at.ended, ["it was closed"]);
    assertEquals(await at.ask("tunnel/close"), { closed: false });
    assert(await at.ask("tunnel/open") !== null);
    await at.ask("tunnel/close");
    at.config.tunnel = undefined;
    assertEquals((await assertRejects(() => at.ask("tunnel/open"), RequestError)).code, "not_enabled");
  },
});

Deno.test({
  name: "tunnelDesk() tells of a tunnel that died, and of one that never stood; the next can be opened",
  ...needs("timeout"),
  async fn() {
    await using at = await scene("ready-dies");
    await at.ask("tunnel/open");
    await until("its death is told", () => at.ended.length === 1, 5_000);
    assertEquals(at.ended, ["cloudflared ended by itself (code 1): ERR Lost connection with the edge"]);
    await at.ask("tunnel/open");
    await using bare = await scene(null);
    assertEquals((await assertRejects(() => bare.ask("tunnel/open"), RequestError)).code, "not_enabled");
  },
});

Deno.test({
  name: "tunnel/open answers why a tunnel does not stand",
  ...needs("timeout"),
  async fn() {
    await using at = await scene("dies");
    await assertRejects(() => at.ask("tunnel/open"), TunnelError, "Cannot start tunnel");
    await assertRejects(() => at.ask("tunnel/open"), TunnelError, "Cannot start tunnel");
  },
});
