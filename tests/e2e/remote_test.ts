import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { deadline } from "@std/async";
import { type MqttMessage, mqttSession } from "@mbus-gateway/resource";
import { encodeRequest, type GatewayResponse, parseResponse, topic } from "@mbus-gateway/wire";
import { needs } from "../fixtures/needs.ts";
import { runToEnd } from "../fixtures/server_process.ts";
import { type Site, site } from "../fixtures/site.ts";

/** Whoever asks for a meter that is not there waits for all of it. */
const PATIENCE = { timeoutMs: 1_500, retries: 1 };

/** Somebody at the platform who asks the gateway over the broker, and hears its answers. */
async function asker(place: Site) {
  const { url, ca, cert, key } = await place.platform.gatewayMqtt("mbus-server", "");
  const heard: { response: GatewayResponse; correlation: string | null }[] = [];
  const online = Promise.withResolvers<void>();
  let news = Promise.withResolvers<void>();
  const onMessage = ({ topic: name, payload, correlationData }: MqttMessage) => {
    if (name === topic.state(place.id)) {
      if (new TextDecoder().decode(payload).includes("online")) online.resolve();
      return;
    }
    const correlation = correlationData === undefined ? null : new TextDecoder().decode(correlationData);
    heard.push({ response: parseResponse(payload), correlation });
    news.resolve();
    news = Promise.withResolvers();
  };
  const read = (path = "") => Deno.readTextFile(path);
  const mqtt = await mqttSession({
    ...{ url: url ?? "", clientId: "support", onMessage },
    ...{ ca: await read(ca), cert: await read(cert), key: await read(key) },
  });
  await mqtt.subscribe(`${topic.response(place.id, "")}#`);
  await mqtt.subscribe(topic.state(place.id));
  await deadline(online.promise, 30_000);
  const answerTo = async (id: string, ms = 20_000) => {
    const end = performance.now() + ms;
    for (;;) {
      const found = heard.find(({ response }) => response.id === id && "ok" in response);
      if (found !== undefined) return found;
      await deadline(news.promise, Math.max(1, end - performance.now())).catch(() => {
        throw new Error(`Waited in vain for the answer to ${id}\n${place.log()}`);
      });
    }
  };
  return {
    heard,
    answerTo,
    async send(verb: string, id: string, params: Record<string, unknown> = {}, ms = 60_000) {
      const expiresAt = new Date(Date.now() + ms).toISOString();
      await mqtt.publish(topic.request(place.id, verb), encodeRequest({ id, expiresAt, params }), {
        correlationData: new TextEncoder().encode(`for ${id}`),
        responseTopic: `${topic.response(place.id, verb)}/support`,
      });
    },
    async ask(verb: string, id: string, params: Record<string, unknown> = {}) {
      await this.send(verb, id, params);
      const { response, correlation } = await answerTo(id);
      assertEquals(correlation, `for ${id}`);
      return response;
    },
    [Symbol.asyncDispose]: () => mqtt[Symbol.asyncDispose](),
  };
}

const codeOf = (response: GatewayResponse) => "code" in response ? response.code : "ok";

Deno.test({
  name: "a gateway answers what is asked over the broker and on its own machine, once each, while it goes on reading",
  ...needs("mosquitto", "openssl", "initdb"),
  async fn() {
    await using place = await site({ real: true, patience: PATIENCE });
    await using platform = await asker(place);

    const status = await platform.ask("status", "s1");
    assert("ok" in status && status.ok);
    const { connected, meters } = status.result as { connected: boolean; meters: unknown[] };
    assertEquals([connected, meters.length <= 6], [true, true]);

    const read = await platform.ask("read", "r1", { address: "p3" });
    assert("ok" in read && read.ok);
    assertStringIncludes(JSON.stringify(read.result), '"identification":"10001003"');
    assertEquals(codeOf(await platform.ask("read", "r2", { address: "p300" })), "invalid");
    assertEquals(codeOf(await platform.ask("dance", "d1")), "unknown_verb");
    await platform.send("set-clock", "late", { address: "p1", time: "2026-01-31T12:00" }, -1);
    assertEquals(codeOf((await platform.answerTo("late")).response), "expired");

    // Delivered three times, done once, answered each time.
    for (let times = 0; times < 3; times++) await platform.send("set-address", "a1", { address: "p6", to: 66 });
    await place.until("it is answered three times", () => {
      return platform.heard.filter(({ response }) => response.id === "a1" && "ok" in response).length === 3;
    });
    assertEquals(
      platform.heard.filter(({ response }) => response.id === "a1").map(({ response }) => codeOf(response)),
      [
        ...["ok", "ok", "ok"],
      ],
    );
    assertEquals(codeOf(await platform.ask("set-address", "a2", { address: "p66", to: 6 })), "ok");

    // A scan tells of itself, lets reading pass, and is cancelled. That a second is enough is shown with time by hand.
    const taken = async () =>
      JSON.stringify((await platform.ask("status", crypto.randomUUID()) as { result: unknown }).result);
    const isRead = async () => {
      const before = /"taken":(\d+)/.exec(await taken())?.[1];
      await place.until("meters are read", async () => /"taken":(\d+)/.exec(await taken())?.[1] !== before);
    };
    await platform.send("scan", "scan", { space: "primary" });
    await place.until("it has found somebody", () => {
      return platform.heard.some(({ response }) =>
        "progress" in response && JSON.stringify(response).includes('"found"')
      );
    });
    await isRead();
    assert(!platform.heard.some(({ response }) => response.id === "scan" && "ok" in response), "it is over already");
    const asked = performance.now();
    await platform.ask("cancel", "c1", { request: "scan" });
    assertEquals(codeOf((await platform.answerTo("scan")).response), "cancelled");
    assert(performance.now() - asked < 5_000, "a cancelled scan lasted on");
    await isRead();

    const logs = await platform.ask("logs", "l1", { limit: 50 });
    assertStringIncludes(JSON.stringify(logs), "Begins what was asked");
    assertEquals(codeOf(await platform.ask("tunnel/open", "t1")), "not_enabled");
    assertEquals(codeOf(await platform.ask("config/set", "cs1", { config: "gateway: GW-0001" })), "not_enabled");

    // On the machine itself, beside the running gateway.
    const local = await runToEnd(
      ["-A", "main.ts", "read", "p2", "--json", "--config", place.config],
    );
    assertEquals([local.code, local.stderr], [0, ""]);
    assertStringIncludes(local.stdout, '"identification":"10001002"');
    const nobody = await runToEnd(["-A", "main.ts", "read", "p77", "--config", place.config]);
    assertEquals([nobody.code, nobody.stdout], [4, ""]);
    assertStringIncludes(nobody.stderr, "check wiring, baud rate and address");
  },
});

Deno.test({
  name: "a configuration set from afar stays when the gateway works with it, and else the one before comes back",
  ...needs("mosquitto", "openssl", "initdb"),
  async fn() {
    await using place = await site({
      real: true,
      meters: 2,
      patience: PATIENCE,
      config: { remoteConfiguration: true },
    });
    await using platform = await asker(place);
    const got = await platform.ask("config/get", "g1");
    assert("ok" in got && got.ok);
    const { config } = got.result as { config: string };
    const written = JSON.parse(config);

    const wrong = await platform.ask("config/set", "w1", { config: config.replace('"GW-0001"', '"GW 1"') });
    assertEquals(codeOf(wrong), "invalid");
    assertStringIncludes("error" in wrong ? wrong.error : "", "gateway");
    assertEquals(
      codeOf(await platform.ask("config/set", "w2", { config: config.replace('"GW-0001"', '"GW-0002"') })),
      "invalid",
    );
    const elsewhere = { ...written, buses: [{ ...written.buses[0], port: "tcp://192.0.2.7:10001" }] };
    const refused = await platform.ask("config/set", "w3", { config: JSON.stringify(elsewhere) });
    assertEquals(codeOf(refused), "needs_restart");
    assertStringIncludes("error" in refused ? refused.error : "", "net 192.0.2.7:10001");
    assertEquals(await Deno.readTextFile(place.config), config);

    const better = JSON.stringify({ ...written, buses: [{ ...written.buses[0], interval: "2s" }] });
    assertEquals(codeOf(await platform.ask("config/set", "b1", { config: better })), "ok");
    assertEquals(await Deno.readTextFile(place.config), better);

    // With this one nobody can be read: killed in the middle of the trial, the next start has the one before.
    const worse = JSON.stringify({ ...written, buses: [{ ...written.buses[0], meters: ["p200"] }] });
    await platform.send("config/set", "k1", { config: worse });
    await place.until(
      "it is tried",
      () =>
        place.gateway.lines.some((line) => line.includes("A new configuration is tried")) &&
        Deno.readTextFileSync(place.config) === worse,
    );
    await place.gateway.kill();
    await place.gateway.start();
    assertEquals(await Deno.readTextFile(place.config), better);
    await place.until("the gateway is asked again, and says that it does not know how that ended", async () => {
      await platform.send("config/set", "k1", { config: worse });
      return platform.heard.some(({ response }) => response.id === "k1" && codeOf(response) === "interrupted");
    });
    assertEquals(await place.gateway.stop(), 0, place.log());
  },
});
