import { assert, assertEquals } from "@std/assert";
import { type MqttMessage, mqttSession, silentLog } from "@mbus-gateway/resource";
import { availabilityBoard } from "../../../gateway/availability.ts";
import { homeAssistant } from "../../../gateway/home_assistant/home_assistant.ts";
import { manualTime } from "../../fixtures/manual_time.ts";
import { plainBroker } from "../../fixtures/plain_broker.ts";
import { heatMeterFrame, readout } from "../../fixtures/readouts.ts";
import { until } from "../../fixtures/until.ts";

/** Home Assistant's side of a broker: what it hears, by topic. */
async function watching(url: string) {
  const heard: { topic: string; text: string; retain: boolean }[] = [];
  const onMessage = ({ topic, payload, retain }: MqttMessage) =>
    heard.push({ topic, text: new TextDecoder().decode(payload), retain });
  const session = await mqttSession({ url, clientId: crypto.randomUUID(), onMessage });
  for (const filter of ["homeassistant/+/+/+/config", "meters/+/+/state", "meters/+/+/availability"]) {
    await session.subscribe(filter);
  }
  const of = (ending: string) => heard.filter(({ topic }) => topic.endsWith(ending));
  return {
    heard,
    of,
    say: (text: string) => session.publish("homeassistant/status", text),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

Deno.test("homeAssistant() announces, tells states and availability, and tells all again at the birth message", async () => {
  await using broker = await plainBroker();
  const { timer, pass } = manualTime();
  const board = availabilityBoard();
  using teller = homeAssistant({
    gateway: "GW-0001",
    discoveryPrefix: "homeassistant",
    baseTopic: "meters",
    keys: () => undefined,
    board,
    expireAfterS: () => 2_700,
    timer,
    random: () => 0.5,
    log: silentLog,
  });
  const over = new AbortController();
  const take = (energyKwh: number, identification?: string) => {
    const taken = readout({ frames: [heatMeterFrame({ energyKwh, identification })] });
    teller.took(taken);
    board.answered(taken.bus, taken.address, taken.readAt);
  };
  take(1); // before there is a connection
  await using house = await watching(broker.url);
  let attending: Promise<void>;
  {
    await using session = await mqttSession({
      url: broker.url,
      clientId: "GW-0001",
      onMessage: (message) => teller.take?.(message),
    });
    attending = teller.attend(session, over.signal);
    await until("the meter is announced and told", () => house.of("/state").length === 1);
    assertEquals(house.heard.map(({ topic }) => topic.replace(/_[0-9a-f]{8}\/config/, "/config")), [
      "homeassistant/sensor/GW-0001/MGW_12345678_01_04_energy_Wh_instantaneous_s0_t0_u0/config",
      "meters/GW-0001/MGW_12345678_01_04/availability",
      "meters/GW-0001/MGW_12345678_01_04/state",
    ]);
    take(2);
    await until("the next value is told", () => house.of("/state").length === 2);
    assertEquals(house.of("/config").length, 1);
    board.silent("main", "p5", "2026-01-31T12:00:00.000Z");
    await until("its silence is told", () => house.of("/availability").at(-1)?.text === "offline");

    // Home Assistant starts again: everything is told, after a pause, and the newest value with it.
    const before = house.heard.length;
    await house.say("offline");
    await house.say("online");
    await until("all is told again", async () => {
      await pass(2_500);
      return house.heard.length === before + 3;
    });
    assertEquals(house.of("/availability").at(-1)?.text, "offline");
    assert(house.of("/state").at(-1)?.text.includes(":2000}"));

    take(3, "87654321"); // the meter was exchanged
    await until("the new one is announced", () => house.of("/config").length === 3);
    assert(house.of("/config").at(-1)?.topic.includes("MGW_87654321"));
    const old = "meters/GW-0001/MGW_12345678_01_04/availability";
    await until("the old one is gone", () => house.heard.findLast(({ topic }) => topic === old)?.text === "offline");
    await using late = await watching(broker.url);
    await until(
      "what is retained has come",
      () => late.of("/config").length === 2 && late.of("/availability").length === 2,
    );
    assertEquals(late.of("/state"), []);
    assert(late.heard.every(({ retain }) => retain));
    over.abort();
    await attending.catch((thrown) => assertEquals(thrown, over.signal.reason));
  }
});
