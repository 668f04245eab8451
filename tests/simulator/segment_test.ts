import { assertEquals } from "@std/assert";
import { clockText } from "./meter_clock.ts";
import { simulatedMeters, type SimulatedMetersOptions } from "./meters.ts";
import { Segment } from "./segment.ts";
import { stateKey } from "./state_file.ts";
import { noLedger } from "./virtual_line.ts";

const NOON = Date.UTC(2026, 0, 31, 12);
const NKE = 0x40;
const SND_UD = 0x53;
const SND_UD_TOGGLED = 0x73;
const UD2_TOGGLED = 0x7b;

function segmentOf(count: number, options: SimulatedMetersOptions = {}) {
  const meters = simulatedMeters(count, { ...options, now: NOON });
  const segment = new Segment(meters, { ledger: noLedger(), now: () => NOON });
  return {
    meters,
    segment,
    /** What comes back, in hexadecimal, one for each meter that answers. */
    ask(control: number, address: number, hex?: string, baudRate?: number): string[] {
      const [ci = null, ...data] = hex === undefined ? [] : Uint8Array.fromHex(hex);
      return segment.handle({ control, address, ci, data: Uint8Array.from(data) }, baudRate)
        .map(({ bytes }) => Uint8Array.from(bytes).toHex());
    },
  };
}

Deno.test("a meter does what SND_UD tells it, and not again when the FCB is the same", () => {
  const { segment, meters, ask } = segmentOf(2);
  ask(NKE, 1);
  assertEquals(ask(SND_UD_TOGGLED, 1, "51017a09"), ["e5"]);
  assertEquals(meters[0]?.identity.primaryAddress, 9);
  assertEquals(ask(SND_UD_TOGGLED, 9, "51017a0a"), ["e5"], "the acknowledgement was lost; this is the same to it");
  assertEquals(ask(SND_UD, 9, "51017a0a"), ["e5"]);
  assertEquals(meters[0]?.identity.primaryAddress, 10);
  assertEquals(segment.done.map(({ command }) => command), ["51017a09", "51017a0a"]);
});

Deno.test("a meter shows the clock that it was given, type F and type I", () => {
  const { meters, ask } = segmentOf(1);
  const clock = () => clockText(NOON + (meters[0]?.state.clockAheadMs ?? 0));
  // Minute, hour, day with three bits of the year, month with four: 26 is 010 and 0011.
  ask(SND_UD, 1, "51046d" + "3b175f3c");
  assertEquals(clock(), "2026-12-31T23:59");
  ask(NKE, 1);
  ask(SND_UD, 1, "51066d" + "1e02016131" + "00");
  assertEquals(clock(), "2027-01-01T01:02");
});

Deno.test("a meter that was told another speed hears no other", () => {
  const { meters, ask } = segmentOf(2, { manners: () => ({ baudRate: 2400 }) });
  assertEquals(ask(SND_UD, 1, "bd", 2400), ["e5"]);
  assertEquals(meters[0]?.manners.baudRate, 9600);
  assertEquals([ask(NKE, 1, undefined, 2400), ask(NKE, 1, undefined, 9600)], [[], ["e5"]]);
  assertEquals(ask(NKE, 254, undefined, 2400), ["e5"], "the other one stays");
});

Deno.test("a meter remembers the address, the speed and the clock that it was given", () => {
  const { meters, ask } = segmentOf(1);
  ask(SND_UD, 1, "51017a09");
  ask(NKE, 9);
  ask(SND_UD, 9, "bd");
  const [meter] = meters;
  if (meter === undefined) throw new Error("Cannot go on: there is a meter");
  const states = JSON.parse(JSON.stringify({ [stateKey(meter.identity)]: meter.state }));
  const [again] = simulatedMeters(1, { now: NOON, states });
  assertEquals([again?.identity.primaryAddress, again?.manners.baudRate], [9, 9600]);
});

Deno.test("all meters answer at 254 and none at 255, and all do what 255 tells them", () => {
  const { segment, ask } = segmentOf(3);
  assertEquals(ask(NKE, 254).length, 3);
  assertEquals(new Set(ask(UD2_TOGGLED, 254)).size, 3);
  assertEquals(ask(SND_UD, 255, "50"), []);
  assertEquals(segment.done.length, 3);
});

Deno.test("a meter is selected by its fabrication number where it has one", () => {
  const { ask } = segmentOf(10, { population: "colliding" });
  const select = (hex: string) => ask(SND_UD, 253, "52" + hex).length;
  const anybody = "ffffffffffffffff";
  assertEquals(select(anybody), 10);
  assertEquals(select(anybody + "0c78" + "ffffffff"), 2, "those that have one");
  assertEquals(select(anybody + "0c78" + "08107104"), 1);
  assertEquals(ask(UD2_TOGGLED, 253).length, 1);
  assertEquals(select(anybody + "0c78" + "f8ffffff"), 1, "digit by digit");
  assertEquals(select(anybody + "0c79" + "08107104"), 0, "another record");
});

Deno.test("a meter without a fabrication number may leave it out of account", () => {
  const { ask } = segmentOf(1, { manners: () => ({ ignoresFabrication: true }) });
  assertEquals(ask(SND_UD, 253, "52" + "ffffffffffffffff" + "0c78" + "eeeeeeee"), ["e5"]);
});
