import { assertEquals, assertRejects } from "@std/assert";
import { ConfigurationError, createLog } from "@mbus-gateway/resource";
import { brokerIdentity } from "../../gateway/broker_identity.ts";
import { testAuthority } from "../fixtures/certificates.ts";
import { manualTime } from "../fixtures/manual_time.ts";
import { needs } from "../fixtures/needs.ts";
import { until } from "../fixtures/until.ts";

async function scene() {
  const stack = new AsyncDisposableStack();
  const authority = stack.use(await testAuthority());
  const { folder } = authority;
  const time = manualTime(new Date().toISOString());
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const install = async ({ cert, key }: { cert: string; key: string }) => {
    await Deno.writeTextFile(`${folder}/own.crt`, cert);
    await Deno.writeTextFile(`${folder}/own.key`, key);
  };
  const first = await authority.client("GW-0001");
  await install(first);
  const mqtt = {
    url: "mqtts://broker.example.org",
    ca: `${folder}/ca.crt`,
    cert: `${folder}/own.crt`,
    key: `${folder}/own.key`,
  };
  const identity = brokerIdentity({ config: { gateway: "GW-0001", mqtt }, clock: time.clock, timer: time.timer, log });
  return {
    authority,
    folder,
    first,
    time,
    lines,
    identity,
    install,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

Deno.test({
  name: "brokerIdentity() takes files that were replaced within a minute, and never a bad one",
  ...needs("openssl"),
  async fn() {
    await using at = await scene();
    assertEquals((await at.identity.current()).cert, at.first.cert);
    using watch = at.identity.watch();
    await at.time.pass(60_000);
    assertEquals(watch.replaced.aborted, false);

    // Half replaced: the key is there, its certificate not yet.
    const second = await at.authority.client("GW-0001");
    await Deno.writeTextFile(`${at.folder}/own.key`, second.key);
    await at.time.pass(20_000);
    const refused = "the private key does not belong to it";
    await until("the half is refused", () => at.lines.some((line) => line.includes(refused)));
    assertEquals([watch.replaced.aborted, (await at.identity.current()).cert], [false, at.first.cert]);

    await at.install(second);
    await at.time.pass(20_000);
    await until("the new pair is seen", () => watch.replaced.aborted);
    assertEquals((await at.identity.current()).cert, second.cert);

    await Deno.writeTextFile(`${at.folder}/own.crt`, "no certificate");
    assertEquals((await at.identity.current()).cert, second.cert);
  },
});

Deno.test({
  name: "brokerIdentity() refuses a certificate whose time has passed or has not come, once the time is known",
  ...needs("openssl"),
  async fn() {
    await using at = await scene();
    at.time.step(10 * 86_400_000);
    await assertRejects(() => at.identity.current(), ConfigurationError, "it expired on");
    at.time.step(-20 * 86_400_000);
    await assertRejects(() => at.identity.current(), ConfigurationError, "wait, or correct this machine's clock");
    const { folder } = at;
    const config = {
      gateway: "GW-0001",
      mqtt: { url: "mqtts://broker.example.org", cert: `${folder}/own.crt`, key: `${folder}/own.key` },
    };
    const untrusted = { now: () => new Date(0), trusted: () => false };
    const early = brokerIdentity({
      config,
      clock: untrusted,
      timer: at.time.timer,
      log: createLog({ write: () => {} }),
    });
    assertEquals((await early.current()).cert, at.first.cert);
  },
});
