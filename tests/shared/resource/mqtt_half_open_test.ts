import { assertEquals, assertStringIncludes } from "@std/assert";
import { deadline, delay } from "@std/async";
import { connect as connectTcp, type Socket } from "node:net";
import { mqttSession } from "@mbus-gateway/resource";
import { badBroker, plainBroker } from "../../fixtures/plain_broker.ts";

/** PINGREQ (MQTT 3.1.1, section 3.12). */
const PINGREQ = 0xc0;

/** A way to a broker that at some moment carries nothing any more in either direction, and tells nobody. */
async function swallowingWay(port: number) {
  const swallowed: number[] = [];
  let swallows = false;
  const onward = new Set<Socket>();
  const way = await badBroker((near) => {
    const far = connectTcp({ host: "127.0.0.1", port });
    onward.add(far);
    far.on("error", () => {});
    near.on("data", (bytes: Uint8Array) => swallows ? swallowed.push(...bytes) : far.write(bytes));
    far.on("data", (bytes: Uint8Array) => swallows || near.write(bytes));
  });
  return {
    url: way.url,
    swallow: () => void (swallows = true),
    pings: () => firstBytes(swallowed).filter((byte) => byte === PINGREQ).length,
    publishes: () => firstBytes(swallowed).filter((byte) => byte >> 4 === 3).length,
    async [Symbol.asyncDispose]() {
      for (const far of onward) far.destroy();
      await way[Symbol.asyncDispose]();
    },
  };
}

/** Of each packet; these are shorter than 128 bytes, so that their length is one byte. */
function firstBytes(bytes: number[]): number[] {
  const found: number[] = [];
  for (let at = 0; at < bytes.length; at += 2 + (bytes[at + 1] ?? 0)) found.push(bytes[at] ?? 0);
  return found;
}

Deno.test("an MQTT session notices a half-open link by one unanswered ping, also while it goes on publishing", async () => {
  for (const publishes of [false, true]) {
    await using broker = await plainBroker();
    await using way = await swallowingWay(broker.port);
    await using mqtt = await mqttSession({ url: way.url, clientId: "GW-0001", keepAliveSeconds: 1 });
    await mqtt.publish("meters/GW-0001/data", "heard");
    way.swallow();
    let over = false;
    const closed = mqtt.closed.finally(() => over = true);
    const busy = async () => {
      while (publishes && !over) {
        mqtt.publish("meters/GW-0001/data", "not heard").catch(() => {});
        await delay(100);
      }
    };
    const [reason] = await deadline(Promise.all([closed, busy()]), 15_000);
    assertStringIncludes(reason?.message ?? "", "Keepalive timeout");
    // A ping goes out after one keep-alive without a word; a second one would after two. So it was noticed before.
    assertEquals(way.pings(), 1);
    assertEquals(way.publishes() > 0, publishes);
  }
});
