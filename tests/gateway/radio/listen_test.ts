import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { ReceiverSilent } from "../../../gateway/radio/converse.ts";
import { heardJson, heardLine } from "../../../gateway/radio/heard_text.ts";
import type { HeardTelegram } from "../../../gateway/radio/heard_telegram.ts";
import { listenAt, type ListenAtOptions } from "../../../gateway/radio/listen.ts";
import { standardInput } from "../../../gateway/radio/standard_input.ts";
import { keyOf, radioMeters } from "../../simulator/radio/radio_meter.ts";
import { type SimulatedRadio, simulateRadio } from "../../simulator/radio/simulate_radio.ts";

/** Listens until so many telegrams have come; the meters go on sending. */
async function hear(radio: SimulatedRadio, count: number, options: Partial<ListenAtOptions> = {}) {
  const stop = new AbortController();
  const heard: HeardTelegram[] = [];
  const listening = listenAt({
    ...{ receiver: "im871a", port: radio.url, signal: stop.signal, log: silentLog, turnMs: 20 },
    ...options,
  });
  for await (const telegram of listening) {
    heard.push(telegram);
    if (heard.length === count) stop.abort();
  }
  return heard;
}

async function withRadio(options: { everyMs?: number }, body: (radio: SimulatedRadio) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "mbus_listen_" });
  {
    // Clear, and encrypted in security modes 5 and 7.
    const meters = radioMeters(5, { modes: ["T"], now: Date.parse("2026-01-31T12:00:00Z") });
    await using radio = simulateRadio({ receiver: "im871a", meters, ledger: `${folder}/ledger`, ...options });
    await body(radio);
  }
  await Deno.remove(folder, { recursive: true });
}

Deno.test("listenAt() opens a receiver by itself and tells what it hears, as lines and as objects", () =>
  withRadio({ everyMs: 50 }, async (radio) => {
    const heard = await hear(radio, 10);
    const lines = heard.map(heardLine);
    const clear = lines.find((line) => line.includes("SIM 50001001"));
    assert(clear !== undefined, lines.join("\n"));
    assertStringIncludes(clear, "dBm  SIM 50001001");
    assertStringIncludes(clear, "energy ");
    assert(lines.some((line) => line.endsWith("encrypted: its key is not known")), lines.join("\n"));
    const object = JSON.parse(JSON.stringify(heardJson(heard[0] as HeardTelegram)));
    assertEquals([object.manufacturer, object.repeated, typeof object.rssi], ["SIM", false, "number"]);
  }));

Deno.test("listenAt() decodes with the keys that it is given", () =>
  withRadio({ everyMs: 50 }, async (radio) => {
    const heard = await hear(radio, 10, { keys: ({ identification }) => keyOf(identification) });
    assert(heard.every(({ outcome }) => outcome?.telegram !== null), heard.map(heardLine).join("\n"));
    const modes = heard.map(({ outcome }) => outcome?.telegram?.encryption);
    assertEquals(new Set(modes), new Set([null, "mode_5", "mode_7"]));
  }));

Deno.test("listenAt() throws what prevents the first opening, instead of waiting", () =>
  withRadio({}, async (radio) => {
    radio.freeze();
    const silent = () => hear(radio, 1, { receiver: "amb8465", answerMs: 20 });
    assertStringIncludes((await assertRejects(silent, ReceiverSilent)).message, "does not answer");
  }));

Deno.test("listenAt() ends with the lines on standard input", async () => {
  const line = "T1;1;1;2026-01-31 12:00:00.000;26;27;12345678;0x10442d2c785634121b16780413e8030000\n";
  const open = () => Promise.resolve(standardInput(new Blob([line]).stream()));
  const heard: string[] = [];
  const signal = new AbortController().signal;
  for await (
    const telegram of listenAt({ receiver: "rtl_wmbus", port: "stdin", signal, log: silentLog, open, turnMs: 20 })
  ) {
    heard.push(heardLine(telegram));
  }
  assertEquals(heard.length, 1);
  assertStringIncludes(heard[0] ?? "", "KAM 12345678  ");
  assertStringIncludes(heard[0] ?? "", "volume 1 m3");
});
