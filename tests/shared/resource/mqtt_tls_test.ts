import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ConfigurationError, MqttError, mqttSession, type MqttSessionOptions } from "@mbus-gateway/resource";
import { EXPIRED, testAuthority } from "../../fixtures/certificates.ts";
import { needs } from "../../fixtures/needs.ts";
import { privateMosquitto } from "../../fixtures/private_mosquitto.ts";

Deno.test({
  name: "mqttSession() says in a sentence what is wrong with either certificate",
  ...needs("mosquitto", "openssl"),
  async fn() {
    await using broker = await privateMosquitto();
    await using other = await testAuthority();
    const own = await broker.client("GW-0001");
    const foreign = await other.client("GW-0001");
    const url = broker.url;
    {
      await using mqtt = await mqttSession({ url, clientId: "GW-0001", ...own });
      assertEquals(mqtt.protocolVersion, 5);
      await mqtt.publish("meters/GW-0001/data", "{}");
    }
    const cases: [what: string, options: Partial<MqttSessionOptions>, says: string][] = [
      ["wrong CA", { ca: other.ca }, "its certificate is not of the configured authority; set"],
      ["no CA", { ca: undefined }, "its certificate is of an unknown authority"],
      ["no certificate", { cert: undefined, key: undefined }, "it wants a client certificate; set cert and key"],
      ["foreign certificate", { cert: foreign.cert, key: foreign.key }, "does not know the authority of our client"],
      ["TLS port in the clear", { url: `mqtt://127.0.0.1:${broker.port}`, cert: undefined, key: undefined }, "Cannot"],
    ];
    for (const [what, wrong, says] of cases) {
      const error = await assertRejects(
        () => mqttSession({ url, clientId: "GW-0001", ...own, ...wrong }),
        MqttError,
        says,
        what,
      );
      assertStringIncludes(error.message, `:${broker.port}: `);
    }
  },
});

Deno.test({
  name: "mqttSession() checks the broker's authority, name and dates, and does not try again",
  ...needs("openssl"),
  async fn() {
    await using authority = await testAuthority();
    await using other = await testAuthority();
    const tomorrow = new Date(Math.ceil(Date.now() / 1000) * 1000 + 86_400_000);
    const young = { from: tomorrow, to: new Date(tomorrow.getTime() + 86_400_000) };
    const from = tomorrow.toISOString().replace(".000", "");
    // What cannot be verified is looked at a second time, to be able to say why.
    const cases: [server: Parameters<typeof authority.server>[0], says: string, looks: number][] = [
      [{ name: "other", dns: ["broker.example.org"], ip: [] }, "its certificate is for another name", 1],
      [{ name: "foreign" }, "its certificate is not of the configured authority; set", 2],
      [{ name: "old", valid: EXPIRED }, "its certificate expired on 2020-02-01T00:00:00Z; renew it", 2],
      [{ name: "young", valid: young }, `its certificate is valid from ${from} on, which this machine's clock`, 2],
    ];
    for (const [options, says, looks] of cases) {
      const pair = await (options?.name === "foreign" ? other : authority).server(options);
      using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...pair });
      const connections = closeEach(listener);
      const url = `mqtts://localhost:${(listener.addr as Deno.NetAddr).port}`;
      await assertRejects(() => mqttSession({ url, clientId: "x", ca: authority.ca }), MqttError, says);
      listener.close();
      assertEquals(await connections, looks, says);
    }
  },
});

/** Ends each connection after its handshake; says how many there were once the listener is closed. */
async function closeEach(listener: Deno.TlsListener): Promise<number> {
  let connections = 0;
  for await (const connection of listener) {
    connections += 1;
    await connection.handshake().catch(() => {});
    connection.close();
  }
  return connections;
}

Deno.test({
  name: "mqttSession() names a key that does not belong to its certificate, before it connects",
  ...needs("openssl"),
  async fn() {
    await using authority = await testAuthority();
    const [one, two] = [await authority.client("GW-0001"), await authority.client("GW-0002")];
    const options = { url: "mqtts://broker.example.org", clientId: "x", ca: authority.ca, cert: one.cert };
    await assertRejects(
      () => mqttSession({ ...options, key: two.key }),
      ConfigurationError,
      "the private key does not belong to it (CN=GW-0001)",
    );
    await assertRejects(() => mqttSession({ ...options, key: "rubbish" }), ConfigurationError, "it is no private key");
    const noCertificate = { ...options, cert: "rubbish", key: one.key };
    await assertRejects(() => mqttSession(noCertificate), ConfigurationError, "it is no certificate");
  },
});
