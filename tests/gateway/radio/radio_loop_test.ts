import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createLog, fullJitterBackoff } from "@mbus-gateway/resource";
import { decodeTelegram } from "@mbus-gateway/mbus";
import { systemClock, systemTimer } from "../../../gateway/clock.ts";
import { createCounts } from "../../../gateway/counts.ts";
import { loadLibc } from "../../../gateway/libc.ts";
import { usualModes } from "../../../gateway/radio/modes.ts";
import type { RadioBusConfig } from "../../../gateway/radio/radio_config.ts";
import { createRadioDesk, type HeardTelegram, type RadioStation } from "../../../gateway/radio/radio_desk.ts";
import { radioLoop, type RadioLoopOptions } from "../../../gateway/radio/radio_loop.ts";
import { RECEIVER_NAMES } from "../../../gateway/radio/receivers/mod.ts";
import { openSpool, type Spool } from "../../../gateway/spool.ts";
import { ptyPair } from "../../fixtures/pty.ts";
import { until } from "../../fixtures/until.ts";
import { readLedger } from "../../simulator/ledger.ts";
import { noLedger } from "../../simulator/virtual_line.ts";
import { PEERS } from "../../simulator/radio/peers/mod.ts";
import { seededRadioFaults } from "../../simulator/radio/radio_faults.ts";
import { keyOf, nextTelegram, radioMeters } from "../../simulator/radio/radio_meter.ts";
import { repeated } from "../../simulator/radio/repeater.ts";
import { type SimulatedRadio, simulateRadio, type SimulateRadioOptions } from "../../simulator/radio/simulate_radio.ts";

// Stays open for the whole process, as in the gateway.
await loadLibc();

interface Scene {
  radio: SimulatedRadio;
  spool: Spool;
  station: RadioStation;
  lines: string[];
  /** What somebody who listens at the desk was told. */
  told: HeardTelegram[];
  /** The receiver has been started. */
  listening(): Promise<void>;
  /** The frames in the spool, and those that the ledger says were sent whole. */
  frames(): { taken: string[]; answered: string[] };
}

interface SceneOptions {
  simulator?: Partial<SimulateRadioOptions>;
  config?: Partial<RadioBusConfig>;
  loop?: Partial<RadioLoopOptions>;
  /** Opens a pty in place of TCP. */
  serial?: boolean;
}

/** A simulated receiver, a spool, and a loop between them. */
async function scene(
  receiver: keyof typeof PEERS,
  { simulator, config, loop, serial = false }: SceneOptions,
  body: (scene: Scene) => Promise<void>,
) {
  const folder = await Deno.makeTempDir({ prefix: "mbus_radio_" });
  try {
    await using radio = simulateRadio({ receiver, ledger: `${folder}/ledger`, ...simulator });
    await using pty = serial ? ptyPair() : null;
    const serving = pty === null ? Promise.resolve() : radio.serve(pty);
    using spool = openSpool(`${folder}/spool.db`);
    const settings = {
      ...{ name: "roof", receiver, port: pty?.path ?? radio.url, modes: usualModes(receiver) },
      ...{ intervalMs: null, silentAfterMs: 600_000 },
      ...config,
    };
    const { desk, stations: [station] } = createRadioDesk([settings]);
    assert(station !== undefined);
    const lines: string[] = [];
    const stop = new AbortController();
    const told: HeardTelegram[] = [];
    const listener = desk.listen("roof", (telegram) => told.push(telegram), stop.signal);
    const running = radioLoop({
      ...{ station, spool, counts: createCounts(), clock: systemClock(), timer: systemTimer, stop: stop.signal },
      log: createLog({ write: (line) => lines.push(line) }),
      onTaken: () => {},
      backoff: fullJitterBackoff({ baseMs: 5, maxMs: 20 }),
      turnMs: 20,
      ...loop,
    });
    const listening = () => until("the receiver listens", () => station.status.state === "listening");
    const frames = () => ({
      taken: spool.peek({ limit: 1000 }).flatMap((readout) => readout.frames.map((frame) => frame.toHex())),
      answered: [...readLedger(`${folder}/ledger`).values()].filter(({ whole }) => whole).flatMap((answer) =>
        answer.frames
      ),
    });
    try {
      await body({ radio, spool, station, lines, told, listening, frames });
    } finally {
      stop.abort();
      await running;
      await listener;
      await pty?.hangUp();
      await serving;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * The meters' time, so that the same bytes are sent in each run: a checksum of one byte passes once in 256 times, and then
 * a spoilt message takes a good one along.
 */
const NOW = Date.UTC(2026, 0, 31, 12);

for (const receiver of RECEIVER_NAMES) {
  const isProgram = receiver.startsWith("rtl");
  // A CUL hears one mode at a time.
  const modes = receiver === "cul" ? (["C"] as const) : undefined;
  const simulator = {
    meters: radioMeters(12, { modes: modes ?? ["C", "T"], now: NOW }),
    now: () => NOW,
    // The lines of programs have no checksum, and come over lines that change nothing.
    faults: seededRadioFaults(7, { lost: 0.1, repeated: 0.2, noise: 0.2, pieces: 0.2, corrupt: isProgram ? 0 : 0.1 }),
  };

  Deno.test(`radioLoop() takes from ${receiver} what the ledger says was sent whole, each telegram once`, () =>
    scene(
      receiver,
      { simulator, config: modes && { modes } },
      async ({ radio, spool, station, listening, told, frames }) => {
        await listening();
        for (let round = 0; round < 4; round++) await radio.transmit();
        // A last telegram behind all the others shows that these have been read.
        const [meter] = radioMeters(1, { seed: 2, modes: modes ?? ["T"], now: NOW });
        assert(meter !== undefined);
        await radio.babble(Uint8Array.of(0x0a));
        const last = nextTelegram(meter, { counter: 1, now: NOW, ledger: noLedger() });
        await radio.send(last);
        await until("the last telegram is taken", () => frames().taken.at(-1) === last.plain.toHex());
        const { taken, answered } = frames();
        assertEquals(taken.slice(0, -1), answered);
        assertEquals(station.status.counts.taken, taken.length);
        assert(station.status.counts.repeated > 0);
        if (!isProgram) assert(station.status.counts.spoilt > 0);
        const [first] = spool.peek({ limit: 1 });
        assertEquals([first?.bus, first?.clock], ["roof", "trusted"]);
        assertEquals([first?.address, first?.rssi], [told[0]?.address, told[0]?.rssi ?? undefined]);

        assert(told.every(({ rssi }) => !isProgram ? rssi !== null && rssi <= -50 && rssi >= -102 : rssi === null));
        for (const frame of taken) {
          const { identification } = decodeTelegram(Uint8Array.fromHex(frame), {
            keys: (of) => keyOf(of.identification),
          });
          assertStringIncludes(identification ?? "", "5000");
        }
      },
    ));
}

for (const receiver of ["im871a", "amb8465", "cul"] as const) {
  const modes = receiver === "cul" ? (["T"] as const) : (["C", "T"] as const);

  Deno.test(`radioLoop() starts ${receiver} again after it was pulled out and put back`, () =>
    scene(receiver, { simulator: { meters: radioMeters(2, { modes }) }, config: { modes } }, async (scene) => {
      const { radio, listening, frames } = scene;
      await listening();
      await radio.transmit();
      await until("both are taken", () => frames().taken.length === 2);
      radio.unplug();
      await until("the line is open again", () => scene.lines.some((line) => line.includes("listens again")));
      await radio.transmit();
      await until("both are taken again", () => frames().taken.length === 4);
      assertEquals(frames().taken, frames().answered);
    }));

  Deno.test(`radioLoop() resets ${receiver} when it has gone deaf, over a serial line`, () => {
    const simulator = { meters: radioMeters(2, { modes }) };
    return scene(receiver, { simulator, config: { modes, silentAfterMs: 300 }, serial: true }, async (scene) => {
      const { radio, listening, frames, station } = scene;
      await listening();
      radio.peer.goDeaf();
      await until("it is reset", () => station.status.counts.resets > 0);
      await until("it hears again", async () => {
        await radio.transmit();
        return frames().taken.length >= 2;
      });
      await until("all are taken", () => frames().taken.length === frames().answered.length);
      assertEquals(frames().taken, frames().answered);
      assert(scene.lines.some((line) => line.includes("it is reset")));
    });
  });
}

Deno.test("radioLoop() opens the line anew when the receiver does not even answer the reset", () =>
  scene("im871a", { config: { silentAfterMs: 200 }, loop: { answerMs: 50 } }, async (scene) => {
    const { radio, listening, station, lines, frames } = scene;
    await listening();
    radio.freeze();
    await until("nothing answers", () => lines.some((line) => line.includes("Cannot reset it: the receiver at")));
    await listening();
    await radio.transmit();
    await until("telegrams are taken", () => frames().taken.length > 0);
    assertEquals(station.status.state, "listening");
  }));

for (const receiver of ["im871a", "rtl_433"] as const) {
  Deno.test(`radioLoop() reports ${receiver} when it stays silent, and when it is heard again`, () =>
    scene(receiver, { config: { silentAfterMs: 60 } }, async ({ radio, station, lines }) => {
      await until("it is reported", () => station.status.state === "silent");
      await until("the log says so", () => lines.some((line) => line.includes("Cannot hear any telegram")));
      await until("it is heard again", async () => {
        await radio.transmit();
        return lines.some((line) => line.includes("Telegrams are heard again"));
      });
    }));
}

Deno.test("radioLoop() says what another kind of receiver does not answer", () =>
  scene("cul", { simulator: { receiver: "im871a" }, loop: { answerMs: 30 } }, async ({ lines }) => {
    await until(
      "it is said",
      () => lines.some((line) => line.includes("Cannot ask its version: the receiver at tcp://")),
    );
  }));

Deno.test("radioLoop() takes only meters of its list, and of each one telegram in an interval", () => {
  const meters = radioMeters(6, { modes: ["T"] });
  const [first, second] = meters.map(({ meter }) => meter.identity.identification);
  const config = { meters: [first as string, `${second}FFFFFFFF`], intervalMs: 3_600_000 };
  return scene("im871a", { simulator: { meters }, config }, async ({ radio, listening, station, told, spool }) => {
    await listening();
    for (let round = 0; round < 3; round++) await radio.transmit();
    await until("all are heard", () => told.length === 18);
    assertEquals(spool.peek({ limit: 100 }).map(({ address }) => address.slice(0, 8)), [first, second]);
    const { heard, taken, foreign, surplus } = station.status.counts;
    assertEquals({ heard, taken, foreign, surplus }, { heard: 18, taken: 2, foreign: 12, surplus: 4 });
  });
});

Deno.test("radioLoop() takes a telegram that only the repeater brings", () => {
  const meters = radioMeters(1, { modes: ["T"] });
  return scene("im871a", { simulator: { meters } }, async ({ radio, listening, spool, told }) => {
    await listening();
    const [meter] = meters;
    assert(meter !== undefined);
    const again = repeated(nextTelegram(meter, { counter: 1, now: Date.now(), ledger: noLedger() }));
    await radio.send(again);
    await radio.send(again);
    await until("both are heard", () => told.length === 2);
    assertEquals(told.map(({ repeated }) => repeated), [false, true]);
    assertEquals(spool.peek({ limit: 9 }).map(({ frames }) => frames[0]?.toHex()), [again.plain.toHex()]);
  });
});

Deno.test("radioLoop() beats at each of its turns", async () => {
  const beats: string[] = [];
  const pulse = { beat: (part: string) => void beats.push(part) };
  await scene("rtl_433", { loop: { pulse } }, async () => {
    await until("it beats", () => beats.length > 3);
    assertEquals(new Set(beats), new Set(["bus roof"]));
  });
});
