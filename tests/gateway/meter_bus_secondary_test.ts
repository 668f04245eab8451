import { assertEquals, assertRejects } from "@std/assert";
import { encodeFrame } from "@mbus-gateway/mbus";
import { meterBus, MeterError } from "../../gateway/meter_bus.ts";
import { scriptedSegment, telegram } from "./scripted_segment.ts";

const ADDRESS = "123456782D2C0104"; // the meter that telegram() speaks for
const DESELECT = "1040fd3d16";
const SELECT = "680b0b6853fd52785634122d2c010414" + "16";
const REQ_FCB_SET = "107bfd7816";
const REQ_FCB_CLEAR = "105bfd5816";
const ACK = "e5";
const OPTIONS = { baudRate: 38_400, timeoutMs: 400, gapMs: 100 };

Deno.test("readMeter() selects by secondary address, reads through 253 and deselects", async () => {
  await using segment = await scriptedSegment([[], [ACK], [telegram({ address: 9 })], [ACK]]);
  const bus = meterBus(segment.line, OPTIONS);
  assertEquals(await bus.readMeter(ADDRESS), [telegram({ address: 9 })]);
  assertEquals(segment.requests.map(withoutChecksum), [DESELECT, SELECT, REQ_FCB_SET, DESELECT].map(withoutChecksum));
  assertEquals(bus.counts.noAnswer, 0); // nobody has to answer the first SND_NKE
});

Deno.test("readMeter() asks a selected meter for its second telegram with the FCB toggled", async () => {
  const first = telegram({ address: 253, accessNumber: 1, moreRecordsFollow: true });
  const last = telegram({ address: 253, accessNumber: 2 });
  await using segment = await scriptedSegment([[ACK], [ACK], [first], [last], [ACK]]);
  assertEquals(await meterBus(segment.line, OPTIONS).readMeter(ADDRESS), [first, last]);
  assertEquals(segment.requests.slice(2), [REQ_FCB_SET, REQ_FCB_CLEAR, DESELECT]);
});

Deno.test("readMeter() refuses another meter's identity through 253", async () => {
  const other = telegram({ address: 253, identification: "12345679" });
  await using segment = await scriptedSegment([[], [ACK], [other], [other], [other]]);
  const bus = meterBus(segment.line, OPTIONS);
  const thrown = await assertRejects(() => bus.readMeter(ADDRESS), MeterError);
  assertEquals(thrown.code, "wrong_meter");
  assertEquals(bus.counts.wrongMeter, 3);
});

Deno.test("readMeter() refuses a telegram without an identity through 253", async () => {
  const nameless = encodeFrame({
    type: "long",
    control: 0x08,
    address: 253,
    ci: 0x78,
    data: new Uint8Array([1, 2, 3]),
  });
  await using segment = await scriptedSegment([[], [ACK], [nameless], [nameless], [nameless]]);
  const thrown = await assertRejects(() => meterBus(segment.line, OPTIONS).readMeter(ADDRESS), MeterError);
  assertEquals(thrown.code, "wrong_meter");
});

Deno.test("readMeter() takes what a wildcard selects, and sticks to the meter that answered first", async () => {
  const first = telegram({ accessNumber: 1, moreRecordsFollow: true });
  const other = telegram({ identification: "12349999", accessNumber: 2 });
  const last = telegram({ accessNumber: 2 });
  await using segment = await scriptedSegment([[], [ACK], [first], [other, last], [ACK]]);
  const bus = meterBus(segment.line, OPTIONS);
  assertEquals(await bus.readMeter("1234FFFFFFFFFFFF"), [first, last]);
  assertEquals(bus.counts.wrongMeter, 1);
});

Deno.test("readMeter() says so when no meter lets itself be selected", async () => {
  await using segment = await scriptedSegment([]);
  const thrown = await assertRejects(
    () => meterBus(segment.line, { ...OPTIONS, timeoutMs: 60 }).readMeter(ADDRESS),
    MeterError,
    `Cannot read meter ${ADDRESS}: selection failed 3 times`,
  );
  assertEquals(thrown.code, "no_answer");
});

Deno.test("readMeter() keeps the readout of a meter that does not confirm being deselected", async () => {
  await using segment = await scriptedSegment([[], [ACK], [telegram()], []]);
  assertEquals(await meterBus(segment.line, OPTIONS).readMeter(ADDRESS), [telegram()]);
});

Deno.test("readMeter() passes on the application error of a selected meter", async () => {
  const error = encodeFrame({ type: "long", control: 0x08, address: 253, ci: 0x70, data: new Uint8Array([9]) });
  await using segment = await scriptedSegment([[], [ACK], [error]]);
  const thrown = await assertRejects(() => meterBus(segment.line, OPTIONS).readMeter(ADDRESS), MeterError);
  assertEquals(thrown.code, "refused");
});

Deno.test("readMeter() refuses the late answer of a meter that shares the address and has another fabrication number", async () => {
  const numbered = (value: number) => telegram({ records: [{ field: "bcd8", vib: "78", value }] });
  await using segment = await scriptedSegment([[], [ACK], [numbered(4712), numbered(4711)], [ACK]]);
  const bus = meterBus(segment.line, OPTIONS);
  assertEquals(await bus.readMeter(`${ADDRESS}/00004711`), [numbered(4711)]);
  assertEquals(bus.counts.wrongMeter, 1);
  assertEquals(segment.requests[1], "68111168" + "53fd52" + "785634122d2c0104" + "0c7811470000" + "f016");
});

function withoutChecksum(request: string): string {
  return request.slice(0, -4);
}
