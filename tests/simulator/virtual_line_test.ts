import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { simulatedMeters, type SimulatedMetersOptions } from "./meters.ts";
import { Segment } from "./segment.ts";
import { shortFrame } from "./test_master.ts";
import { noLedger, virtualLine, type VirtualLineOptions } from "./virtual_line.ts";

const NOON = Date.UTC(2026, 0, 31, 12);
const NKE = Uint8Array.from(shortFrame(0x40, 1));
const BIT = 1000 / 2400;

function line(
  options: VirtualLineOptions = {},
  manners: SimulatedMetersOptions["manners"] = () => ({ thinkBits: 22 }),
) {
  const segment = new Segment(simulatedMeters(1, { now: NOON, manners }), { ledger: noLedger(), now: () => NOON });
  return virtualLine(segment, options);
}

Deno.test("a virtual line takes the time of the request, of the meter's thought and of the answer", async () => {
  await using virtual = line();
  await virtual.write(NKE);
  assertEquals(virtual.elapsed(), 0, "nobody has waited yet");
  assertEquals(await virtual.read(1_000), Uint8Array.of(0xe5));
  assertAlmostEquals(virtual.elapsed(), (55 + 22 + 11) * BIT, 1e-9);
});

Deno.test("a virtual line lets a wait for nobody pass at once, and hours of it", async () => {
  await using virtual = line();
  assertEquals(await virtual.read(36_000_000), null);
  assertEquals(virtual.elapsed(), 36_000_000);
});

Deno.test("a virtual line gives nothing before its time", async () => {
  await using virtual = line();
  await virtual.write(NKE);
  assertEquals(await virtual.read(10), null);
  assertEquals(await virtual.read(0), null);
  assertEquals(virtual.elapsed(), 10);
  assertEquals(await virtual.read(1_000), Uint8Array.of(0xe5));
});

Deno.test("a virtual line knows how long it was silent before each request", async () => {
  await using virtual = line();
  await virtual.write(NKE);
  await virtual.read(1_000);
  await virtual.read(40 * BIT);
  await virtual.write(NKE);
  assertAlmostEquals(virtual.shortestPauseBits, 40, 1e-9);
});

Deno.test("a virtual line hears its own request where the converter echoes", async () => {
  await using virtual = line({ echo: true });
  await virtual.write(NKE);
  const heard: number[] = [];
  for (let bytes = await virtual.read(1_000); bytes !== null; bytes = await virtual.read(1_000)) heard.push(...bytes);
  assertEquals(heard, [...NKE, 0xe5]);
});

Deno.test("a virtual line reads no more once the signal has aborted", async () => {
  await using virtual = line();
  await assertRejects(() => virtual.read(1_000, AbortSignal.abort(new Error("enough"))), Error, "enough");
});

Deno.test("a virtual line speaks to meters of its own speed", async () => {
  await using virtual = line({}, () => ({ baudRate: 300 }));
  await virtual.write(NKE);
  assertEquals(await virtual.read(10_000), null);
  await virtual.setBaudRate(300);
  await virtual.write(NKE);
  assertEquals(await virtual.read(10_000), Uint8Array.of(0xe5));
});
