import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { httpClient, type MqttSession, mqttSession, type MqttSessionOptions, resource } from "@mbus-gateway/resource";
import { encodeConfirmation, type Heartbeat, parseHeartbeat, parsePayload, topic, toRanges } from "@mbus-gateway/wire";
import { delay } from "@std/async";
import { createCounts } from "../../gateway/counts.ts";
import { dailySend, type DailySendOptions } from "../../gateway/daily_send.ts";
import { createDelivery } from "../../gateway/delivery.ts";
import { openSpool, type TakenReadout } from "../../gateway/spool.ts";
import { manualTime } from "../fixtures/manual_time.ts";
import { plainBroker } from "../fixtures/plain_broker.ts";
import { confirmationOf, ScriptedBroker } from "./scripted_broker.ts";

function taken(address: string): TakenReadout {
  const frames = [Uint8Array.of(0xe5)];
  return { bus: "main", address, readAt: "2026-01-31T11:59:58.123Z", clock: "trusted", frames };
}

interface Day {
  path: string;
  options: DailySendOptions;
  /** What was released, in order; before it the spool was found locked or not. */
  released: string[];
  heartbeats: Heartbeat[];
  /** Whether the server confirms over MQTT; it always does in its answer to a heartbeat. */
  confirmsOverMqtt: boolean;
  answer: (response: Response) => Response;
  /** Called when the server has received a message. */
  onReceived: () => void;
}

/** A broker, a server behind it that holds what it receives, and a spool with five readouts. */
async function day(body: (day: Day) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/spool.db`;
  try {
    await using broker = await plainBroker();
    const held = new Set<number>();
    const confirmation = (epoch: string) =>
      encodeConfirmation({ gateway: "GW-0001", epoch, held: toRanges(held), refused: [] });
    await using server = await mqttSession({
      url: broker.url,
      clientId: "server",
      onMessage: ({ payload }) => {
        const { epoch, readouts } = parsePayload(payload);
        for (const { seq } of readouts) held.add(seq);
        scene.onReceived();
        if (scene.confirmsOverMqtt) server.publish(topic.confirm("GW-0001"), confirmation(epoch)).catch(() => {});
      },
    });
    await server.subscribe(topic.allData);
    await using platform = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
      const heartbeat = parseHeartbeat(new Uint8Array(await request.arrayBuffer()));
      scene.heartbeats.push(heartbeat);
      // However slow the machine is: the message is there before the heartbeat is answered.
      while (heartbeat.unconfirmed !== null && !held.has(heartbeat.unconfirmed.newest)) await delay(5);
      return scene.answer(new Response(confirmation(heartbeat.epoch)));
    });
    {
      using spool = openSpool(path);
      spool.put(...["p1", "p2", "p3", "p4", "p5"].map(taken));
    }
    const released: string[] = [];
    const note = (name: string) => {
      // The spool is released last: while anything else goes, nobody can open it.
      assertThrows(() => openSpool(path), Error, "in use by another process");
      released.push(name);
    };
    const scene: Day = {
      path,
      released,
      heartbeats: [],
      confirmsOverMqtt: true,
      answer: (response) => response,
      onReceived: () => {},
      options: {
        gateway: "GW-0001",
        spool: path,
        mqtt: { url: broker.url, clientId: "GW-0001" },
        platform: { url: `http://127.0.0.1:${platform.addr.port}`, token: "not-a-secret" },
        counts: createCounts(),
        connect: async (options) => noted(await mqttSession(options), () => note("mqtt")),
        http: () => noted(httpClient(), () => note("http")),
      },
    };
    await body(scene);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function noted<T extends AsyncDisposable>(value: T, note: () => void): T {
  return resource({ ...value }, async () => {
    note();
    await value[Symbol.asyncDispose]();
  });
}

Deno.test("dailySend() sends everything, has it confirmed, says so, and releases in reverse order", () =>
  day(async ({ path, options, released, heartbeats }) => {
    assertEquals(await dailySend(options), { sent: 1, held: 5, left: 0 });
    assertEquals(released, ["http", "mqtt"]);
    assertEquals(heartbeats.map(({ status, unconfirmed, counts }) => ({ status, unconfirmed, counts })), [
      {
        status: "sent",
        unconfirmed: null,
        counts: { taken: 0, failed: 0, sent: 1, held: 5, parked: 0, dropped: 0, salvaged: 0 },
      },
    ]);
    using spool = openSpool(path);
    assertEquals(spool.status().depth, 0);
  }));

Deno.test("dailySend() makes up for confirmations lost on MQTT by the answer to its heartbeat", () =>
  day(async (scene) => {
    scene.confirmsOverMqtt = false;
    assertEquals(await dailySend({ ...scene.options, quietMs: 200 }), { sent: 1, held: 5, left: 0 });
    // The heartbeat tells the truth of its moment: acknowledged by the broker, and by no server yet.
    assertEquals(scene.heartbeats.map(({ unconfirmed, counts: { sent, held } }) => ({ unconfirmed, sent, held })), [
      { unconfirmed: { oldest: 1, newest: 5 }, sent: 1, held: 0 },
    ]);
  }));

Deno.test("dailySend() sends what a gateway's own spool holds, and leaves that open", () =>
  day(async ({ path, options }) => {
    using spool = openSpool(path);
    const connect = (options: MqttSessionOptions) => mqttSession(options);
    assertEquals(await dailySend({ ...options, spool, connect, http: httpClient }), { sent: 1, held: 5, left: 0 });
    assertEquals(spool.put(taken("p6")), [6]);
    assertEquals(await dailySend({ ...options, spool, connect, http: httpClient }), { sent: 1, held: 1, left: 0 });
  }));

Deno.test("dailySend() keeps what is not confirmed in time, and says how much", () =>
  day(async (scene) => {
    scene.confirmsOverMqtt = false;
    scene.answer = () => {
      const epoch = scene.heartbeats[0]?.epoch ?? "";
      return new Response(encodeConfirmation({ gateway: "GW-0001", epoch, held: [[2, 3]], refused: [] }));
    };
    assertEquals(await dailySend({ ...scene.options, quietMs: 50 }), {
      sent: 1,
      held: 2,
      left: 3,
    });
    using spool = openSpool(scene.path);
    assertEquals(spool.peek({ limit: 9 }).map((readout) => readout.seq), [1, 4, 5]);
  }));

Deno.test("dailySend() ends the sending at its deadline, and says so with its heartbeat", async () => {
  const folder = await Deno.makeTempDir();
  const time = manualTime();
  const broker = new ScriptedBroker();
  // It confirms one readout each minute, which is progress, but would take too long.
  try {
    using spool = openSpool(`${folder}/spool.db`);
    spool.put(...Array.from({ length: 60 }, (_, i) => taken(`p${i}`)));
    const counts = createCounts();
    const { clock, timer } = time;
    const delivery = createDelivery({ spool, gateway: "GW-0001", counts, clock, timer, random: () => 0.5 });
    let heartbeats = 0;
    const send = dailySend({
      gateway: "GW-0001",
      spool,
      delivery,
      mqtt: { url: "mqtts://broker.example.org", clientId: "GW-0001" },
      platform: { url: "https://platform.example.org", token: "not-a-secret" },
      counts,
      clock,
      timer,
      quietMs: 90_000,
      deadlineMs: 600_000,
      connect: () => Promise.resolve(broker.connect()),
      http: () => ({
        request: () => {
          heartbeats++;
          const bytes = new TextEncoder().encode("{}");
          return Promise.resolve({ status: 200, headers: new Headers(), bytes });
        },
        getJson: () => Promise.resolve(null),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
    });
    await time.pass(0);
    const [message] = broker.received;
    assert(message !== undefined);
    for (let minute = 1; minute <= 11; minute++) {
      await time.pass(60_000);
      delivery.onConfirmation(confirmationOf(message, [minute]));
    }
    const { held, left } = await send;
    assertEquals([heartbeats, held, left], [1, 9, 51]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("dailySend() releases everything in reverse order, whatever fails", async (t) => {
  const releasedAfter = async (scene: Day, differs: Partial<DailySendOptions>, expected: string[], message: string) => {
    await assertRejects(() => dailySend({ ...scene.options, ...differs }), Error, message);
    assertEquals(scene.released, expected);
    using spool = openSpool(scene.path);
    assert(spool.status().depth <= 5);
  };
  await t.step("the broker cannot be reached", () =>
    day((scene) => {
      const connect = () => Promise.reject<MqttSession>(new Error("Cannot connect to broker"));
      return releasedAfter(scene, { connect }, [], "Cannot connect to broker");
    }));
  await t.step("the HTTP client cannot be made", () =>
    day((scene) => {
      const http = () => {
        throw new Error("Cannot make a client");
      };
      return releasedAfter(scene, { http }, ["mqtt"], "Cannot make a client");
    }));
  await t.step("the connection ends while sending", () =>
    day((scene) => {
      const connect = async (options: MqttSessionOptions) => {
        const session = await scene.options.connect?.(options);
        assert(session !== undefined);
        const gone = new Error("Cannot stay connected: the cable is out");
        return noted({ ...session, closed: Promise.resolve(gone), publish: () => Promise.reject(gone) }, () => {});
      };
      return releasedAfter(scene, { connect }, ["http", "mqtt"], "the cable is out");
    }));
  await t.step("the server refuses the heartbeat", () =>
    day((scene) => {
      scene.answer = () => new Response("", { status: 401 });
      return releasedAfter(scene, {}, ["http", "mqtt"], "refuses the token of GW-0001");
    }));
  await t.step("it is asked to stop", () =>
    day((scene) => {
      scene.confirmsOverMqtt = false;
      const stop = new AbortController();
      scene.onReceived = () => stop.abort(new Error("asked to stop"));
      return releasedAfter(scene, { signal: stop.signal }, ["http", "mqtt"], "asked to stop");
    }));
});
