import { assertEquals, assertGreater, assertNotEquals, assertRejects } from "@std/assert";
import { decodeTelegram } from "@mbus-gateway/mbus";
import { ConfigurationError } from "@mbus-gateway/resource";
import { MeterError } from "../../gateway/meter_bus.ts";
import { addressOf, virtualBus } from "./virtual_bus.ts";

const HEAT = "10001001";

Deno.test("setAddress() gives a meter another primary address and reads it there", async () => {
  const { bus, segment } = virtualBus();
  await bus.setAddress("p1", 250);
  assertEquals(segment.done, [{ identification: HEAT, command: "51017afa" }]);
  assertEquals((await bus.readMeter("p250"))[0]?.[5], 250);
  await assertRejects(() => bus.readMeter("p1"), MeterError, "check wiring, baud rate and address");
});

Deno.test("setAddress() finds the meter by its secondary address, and at 254 where it is alone", async () => {
  const { bus, meters } = virtualBus({ meters: 1 });
  const [meter] = meters;
  if (meter === undefined) throw new Error("Cannot go on: there is a meter");
  await bus.setAddress(addressOf(meter), 7);
  assertEquals(meter.identity.primaryAddress, 7);
  await bus.setAddress("p254", 8);
  assertEquals(meter.identity.primaryAddress, 8);
  await bus.setAddress("p8", 8);
});

Deno.test("setAddress() sends nothing when another meter answers at the new address", async () => {
  const { bus, segment } = virtualBus();
  const thrown = await assertRejects(() => bus.setAddress("p1", 2), MeterError, "choose an address that is free");
  assertEquals(thrown.code, "address_taken");
  assertEquals(segment.done, []);
});

Deno.test("setAddress() says so when the meter acknowledges and stays where it is", async () => {
  const { bus, meters } = virtualBus({ manners: () => ({ addressIsLocked: true }) });
  const thrown = await assertRejects(() => bus.setAddress("p1", 9), MeterError, "its address may be locked");
  assertEquals(thrown.code, "not_proven");
  assertEquals(meters[0]?.identity.primaryAddress, 1);
});

Deno.test.each([[-1], [251], [1.5]])("setAddress() refuses %d", async (to) => {
  const { bus } = virtualBus();
  await assertRejects(() => bus.setAddress("p1", to), ConfigurationError, "expected an address from 0 to 250");
  await assertRejects(() => bus.setAddress("p255", 3), ConfigurationError, "every meter would get it");
  assertEquals(bus.counts.requests, 0);
});

Deno.test("a command whose acknowledgement is lost is sent again, and done once", async () => {
  // SND_NKE is the first that is acknowledged, SND_UD the second: the second one is lost.
  let acknowledgements = 0;
  const { bus, segment } = virtualBus({
    faults: ({ what }) => what === "acknowledgement" && ++acknowledgements === 2 ? { kind: "drop" } : null,
  });
  await bus.sendUserData("p1", 0x51, new Uint8Array([1, 2, 3]));
  assertEquals(segment.done, [{ identification: HEAT, command: "51010203" }]);
  assertEquals(bus.counts.retries, 1);
});

Deno.test("applicationReset() goes with its sub-code, and without one where none is given", async () => {
  const { bus, segment, meters } = virtualBus();
  await bus.applicationReset("p1");
  await bus.applicationReset(meters[1] === undefined ? "" : addressOf(meters[1]), 0x10);
  assertEquals(segment.done.map(({ command }) => command), ["50", "5010"]);
});

Deno.test("sendUserData() says so when nobody acknowledges", async () => {
  const { bus } = virtualBus();
  const thrown = await assertRejects(
    () => bus.sendUserData("p99", 0x51, new Uint8Array([1])),
    MeterError,
    "Cannot send to meter p99: SND_NKE failed 3 times",
  );
  assertEquals(thrown.code, "no_answer");
});

Deno.test("sendUserData() to p255 is heard by all and waits for none", async () => {
  const { bus, segment } = virtualBus();
  await bus.sendUserData("p255", 0x50, new Uint8Array(0));
  assertEquals(segment.done.length, 6);
  assertEquals(bus.counts.noAnswer, 0);
});

Deno.test("setClock() sets a meter's clock, as type F or as type I", async () => {
  const { bus, segment } = virtualBus();
  const clock = async () => {
    const [frame] = await bus.readMeter("p1");
    const record = frame && decodeTelegram(frame).records.find(({ quantity }) => quantity === "datetime");
    return record?.value;
  };
  await bus.setClock("p1", "2026-02-03T04:05:06");
  assertEquals(await clock(), "2026-02-03T04:05:00");
  await bus.setClock("p1", "2027-12-31T23:59", undefined, "typeI");
  assertEquals(await clock(), "2027-12-31T23:59:00");
  assertEquals(segment.done.map(({ command }) => command.slice(0, 6)), ["51046d", "51066d"]);
});

Deno.test.each([["yesterday"], ["2026-02-30T12:00"], ["2026-01-31T12:00Z"], ["2026-01-31"]])(
  "setClock() refuses %s",
  async (time) => {
    const { bus, segment } = virtualBus();
    await assertRejects(() => bus.setClock("p1", time), ConfigurationError, "Cannot set the clock of meter p1");
    assertEquals(segment.done, []);
  },
);

Deno.test("p254 reads whoever is there, and p255 nobody", async () => {
  const { bus } = virtualBus({ meters: 1 });
  assertEquals((await bus.readMeter("p254"))[0]?.[5], 1);
  await assertRejects(() => bus.readMeter("p255"), ConfigurationError, "every meter hears p255 and none answers");
});

Deno.test("p254 takes no reading from several meters that answer at once", async () => {
  const { bus } = virtualBus({ meters: 6 });
  assertEquals((await assertRejects(() => bus.readMeter("p254"), MeterError)).code, "corrupt");
});

Deno.test("p253 reads whoever was selected last", async () => {
  const { bus } = virtualBus();
  await bus.sendUserData("10001002FFFFFFFF", 0x50, new Uint8Array(0));
  assertEquals((await bus.readMeter("p253"))[0]?.[5], 2);
  await bus.readMeter("10001003FFFFFFFF"); // which lets go of it in the end
  assertEquals((await assertRejects(() => bus.readMeter("p253"), MeterError)).code, "no_answer");
});

Deno.test("readMeter() has patience with one meter as it is told, and the bus's own with the others", async () => {
  const { bus, line } = virtualBus({ manners: (index) => ({ thinkMs: index === 0 ? 4_000 : 0 }) });
  await bus.readMeter("p1", undefined, { timeoutMs: 5_000, retries: 0 });
  await assertRejects(() => bus.readMeter("p1"), MeterError, "SND_NKE failed 3 times");
  const before = line.elapsed();
  await assertRejects(
    () => bus.readMeter("p9", undefined, { timeoutMs: 200, retries: 0 }),
    MeterError,
    "Cannot read meter p9: SND_NKE failed, nothing came within 223 ms; check wiring, baud rate and address",
  );
  assertEquals(Math.round(line.elapsed() - before), 223);
});

Deno.test("readMeter() takes no old answer of a meter that missed SND_NKE while another's acknowledgement came late", async () => {
  let late = false;
  let lose = false;
  const { bus, line } = virtualBus({
    master: { timeoutMs: 500, retries: 0 },
    faults: ({ what }) => late && what === "acknowledgement" ? { kind: "delay", ms: 600 } : null,
    isLost(request) {
      const lost = lose && request[1] === 0x40;
      if (lost) lose = false;
      return lost;
    },
  });
  const first = await bus.readMeter("p1");
  late = true;
  await assertRejects(() => bus.readMeter("p2"), MeterError, "nothing came"); // its acknowledgement is on its way still
  [late, lose] = [false, true];
  const second = await bus.readMeter("p1");
  assertEquals(bus.counts.repeated, 1);
  assertEquals(first.length, second.length);
  assertNotEquals(first, second);
  // It waited until nothing could be late any more, and then asked for a new answer.
  assertGreater(line.elapsed(), 4_000);
});
