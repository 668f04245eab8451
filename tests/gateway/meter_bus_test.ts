import { assertEquals, assertRejects } from "@std/assert";
import { encodeFrame } from "@mbus-gateway/mbus";
import { ConfigurationError } from "@mbus-gateway/resource";
import { MAX_FRAMES } from "@mbus-gateway/wire";
import { loadLibc } from "../../gateway/libc.ts";
import { type BusCounts, meterBus, MeterError } from "../../gateway/meter_bus.ts";
import { TransportClosed } from "../../gateway/transport.ts";
import { damaged, type ScriptedAnswer, scriptedSegment, telegram } from "./scripted_segment.ts";

// Stays open for the whole process, as in the gateway.
await loadLibc();

// Requests to p5, byte by byte as EN 13757-2 has them.
const NKE = "1040054516";
const REQ_FCB_SET = "107b058016";
const REQ_FCB_CLEAR = "105b056016";
const ACK = "e5";

/** Short enough for tests, long enough for a busy machine to answer in. */
const QUICK = { baudRate: 38_400, timeoutMs: 400, gapMs: 100 };
/** For tests in which everything is answered. */
const PATIENT = { baudRate: 38_400, timeoutMs: 10_000, gapMs: 100 };

const NOTHING: BusCounts = {
  requests: 0,
  answers: 0,
  retries: 0,
  corrupt: 0,
  wrongMeter: 0,
  noAnswer: 0,
  repeated: 0,
};

/** Two telegrams, the first of which says that more follows. */
const FIRST = telegram({ accessNumber: 1, energy: 1, moreRecordsFollow: true });
const SECOND = telegram({ accessNumber: 2, energy: 2, moreRecordsFollow: true });
const LAST = telegram({ accessNumber: 3, energy: 3 });

Deno.test("readMeter() resets the link, then asks with FCB set", async () => {
  await using segment = await scriptedSegment([[ACK], [telegram()]]);
  const bus = meterBus(segment.line, PATIENT);
  assertEquals(await bus.readMeter("p5"), [telegram()]);
  assertEquals(segment.requests, [NKE, REQ_FCB_SET]);
  assertEquals(bus.counts, { ...NOTHING, requests: 2, answers: 2 });
});

Deno.test("readMeter() reads over a serial port as over TCP", async () => {
  await using segment = await scriptedSegment([[ACK], [FIRST], [LAST]], { over: "pty" });
  const bus = meterBus(segment.line, PATIENT);
  assertEquals(await bus.readMeter("p5"), [FIRST, LAST]);
  assertEquals(segment.requests, [NKE, REQ_FCB_SET, REQ_FCB_CLEAR]);
});

Deno.test("readMeter() toggles the FCB from telegram to telegram while more records follow", async () => {
  await using segment = await scriptedSegment([[ACK], [FIRST], [SECOND], [LAST]]);
  const bus = meterBus(segment.line, PATIENT);
  assertEquals(await bus.readMeter("p5"), [FIRST, SECOND, LAST]);
  assertEquals(segment.requests, [NKE, REQ_FCB_SET, REQ_FCB_CLEAR, REQ_FCB_SET]);
});

Deno.test("readMeter() begins each readout with FCB set again", async () => {
  await using segment = await scriptedSegment([[ACK], [FIRST], [LAST], [ACK], [telegram()]]);
  const bus = meterBus(segment.line, PATIENT);
  await bus.readMeter("p5");
  await bus.readMeter("p5");
  assertEquals(segment.requests, [NKE, REQ_FCB_SET, REQ_FCB_CLEAR, NKE, REQ_FCB_SET]);
});

Deno.test("readMeter() asks again with the same FCB after silence", async () => {
  await using segment = await scriptedSegment([[ACK], [FIRST], [], [LAST]]);
  const bus = meterBus(segment.line, QUICK);
  assertEquals(await bus.readMeter("p5"), [FIRST, LAST]);
  assertEquals(segment.requests, [NKE, REQ_FCB_SET, REQ_FCB_CLEAR, REQ_FCB_CLEAR]);
  assertEquals(bus.counts, { ...NOTHING, requests: 4, answers: 3, retries: 1, noAnswer: 1 });
});

Deno.test("readMeter() asks again after a wrong checksum, and never returns the damaged telegram", async () => {
  await using segment = await scriptedSegment([[ACK], [damaged(telegram(), 21)], [telegram()]]);
  const bus = meterBus(segment.line, PATIENT);
  assertEquals(await bus.readMeter("p5"), [telegram()]);
  assertEquals(segment.requests, [NKE, REQ_FCB_SET, REQ_FCB_SET]);
  assertEquals(bus.counts, { ...NOTHING, requests: 3, answers: 2, retries: 1, corrupt: 1 });
});

Deno.test("readMeter() asks again after half a frame", async () => {
  await using segment = await scriptedSegment([[ACK], [telegram().subarray(0, 14)], [telegram()]]);
  const bus = meterBus(segment.line, PATIENT);
  assertEquals(await bus.readMeter("p5"), [telegram()]);
  assertEquals(bus.counts, { ...NOTHING, requests: 3, answers: 2, retries: 1, corrupt: 1 });
});

Deno.test("readMeter() asks again when the acknowledgement is lost", async () => {
  await using segment = await scriptedSegment([[], [ACK], [telegram()]]);
  const bus = meterBus(segment.line, QUICK);
  assertEquals(await bus.readMeter("p5"), [telegram()]);
  assertEquals(segment.requests, [NKE, NKE, REQ_FCB_SET]);
});

Deno.test("readMeter() skips noise before an answer", async () => {
  await using segment = await scriptedSegment([["00ff", ACK], ["68", telegram()]]);
  const bus = meterBus(segment.line, PATIENT);
  assertEquals(await bus.readMeter("p5"), [telegram()]);
  assertEquals(bus.counts, { ...NOTHING, requests: 2, answers: 2 });
});

Deno.test("readMeter() skips the echo of a half-duplex converter", async () => {
  await using segment = await scriptedSegment([[ACK], [FIRST], [LAST]], { echo: true });
  const bus = meterBus(segment.line, PATIENT);
  assertEquals(await bus.readMeter("p5"), [FIRST, LAST]);
  assertEquals(bus.counts, { ...NOTHING, requests: 3, answers: 3 });
});

Deno.test("readMeter() takes an echo and nothing else for silence", async () => {
  await using segment = await scriptedSegment([], { echo: true });
  const bus = meterBus(segment.line, { ...QUICK, retries: 0 });
  const thrown = await assertRejects(() => bus.readMeter("p5"), MeterError);
  assertEquals(thrown.code, "no_answer");
});

Deno.test("readMeter() passes over the late answer of another meter and takes the right one", async () => {
  const late = telegram({ address: 4, identification: "00000004" });
  await using segment = await scriptedSegment([[late, ACK], [late, telegram()]]);
  const bus = meterBus(segment.line, PATIENT);
  assertEquals(await bus.readMeter("p5"), [telegram()]);
  assertEquals(bus.counts, { ...NOTHING, requests: 2, answers: 2, wrongMeter: 2 });
});

Deno.test("readMeter() never returns another meter's answer", async () => {
  const other: ScriptedAnswer = [telegram({ address: 6 })];
  await using segment = await scriptedSegment([[ACK], other, other, other]);
  const bus = meterBus(segment.line, QUICK);
  const thrown = await assertRejects(() => bus.readMeter("p5"), MeterError, "another meter answered");
  assertEquals(thrown.code, "wrong_meter");
  assertEquals(segment.requests, [NKE, REQ_FCB_SET, REQ_FCB_SET, REQ_FCB_SET]);
  assertEquals(bus.counts, { ...NOTHING, requests: 4, answers: 1, retries: 2, wrongMeter: 3 });
});

Deno.test("readMeter() drops what arrived before the request", async () => {
  // One packet: the acknowledgement, and a telegram that nobody asked for yet.
  const early = new Uint8Array([0xe5, ...telegram({ energy: 999 })]);
  await using segment = await scriptedSegment([[early], [telegram()]]);
  assertEquals(await meterBus(segment.line, PATIENT).readMeter("p5"), [telegram()]);
});

Deno.test("readMeter() does not take a telegram twice that comes again after the FCB was toggled", async () => {
  // The first request was answered late, after its repetition: the meter answers both, and the second copy arrives
  // where the next telegram is expected.
  await using segment = await scriptedSegment([[ACK], [], [FIRST], [FIRST, LAST]]);
  const bus = meterBus(segment.line, QUICK);
  assertEquals(await bus.readMeter("p5"), [FIRST, LAST]);
  assertEquals(segment.requests, [NKE, REQ_FCB_SET, REQ_FCB_SET, REQ_FCB_CLEAR]);
  assertEquals(bus.counts, { ...NOTHING, requests: 4, answers: 3, retries: 1, noAnswer: 1, repeated: 1 });
});

Deno.test("readMeter() asks again, FCB toggled as before, when only the last telegram comes again", async () => {
  await using segment = await scriptedSegment([[ACK], [FIRST], [FIRST], [LAST]]);
  const bus = meterBus(segment.line, QUICK);
  assertEquals(await bus.readMeter("p5"), [FIRST, LAST]);
  assertEquals(segment.requests, [NKE, REQ_FCB_SET, REQ_FCB_CLEAR, REQ_FCB_CLEAR]);
  assertEquals(bus.counts, { ...NOTHING, requests: 4, answers: 3, retries: 1, repeated: 1 });
});

Deno.test("readMeter() gives up on a meter that repeats its telegram for ever", async () => {
  await using segment = await scriptedSegment([[ACK], [FIRST], [FIRST], [FIRST], [FIRST]]);
  const bus = meterBus(segment.line, QUICK);
  const thrown = await assertRejects(() => bus.readMeter("p5"), MeterError, "sent its last telegram again");
  assertEquals(thrown.code, "corrupt");
});

Deno.test("readMeter() says no_answer after the retries, in a sentence", async () => {
  await using segment = await scriptedSegment([]);
  const bus = meterBus(segment.line, { ...QUICK, timeoutMs: 60 });
  const thrown = await assertRejects(() => bus.readMeter("p5"), MeterError);
  assertEquals(thrown.code, "no_answer");
  assertEquals(
    thrown.message,
    "Cannot read meter p5: SND_NKE failed 3 times, nothing came within 61 ms; check wiring, baud rate and address",
  );
  assertEquals(segment.requests, [NKE, NKE, NKE]);
  assertEquals(bus.counts, { ...NOTHING, requests: 3, retries: 2, noAnswer: 3 });
});

Deno.test("readMeter() says corrupt when nothing that came was a telegram", async () => {
  const bad: ScriptedAnswer = [damaged(telegram(), 10)];
  await using segment = await scriptedSegment([[ACK], bad, bad, []]);
  const bus = meterBus(segment.line, QUICK);
  const thrown = await assertRejects(() => bus.readMeter("p5"), MeterError, "checksum is");
  assertEquals(thrown.code, "corrupt");
});

Deno.test("readMeter() says what a meter's application error means", async () => {
  const error = encodeFrame({ type: "long", control: 0x08, address: 5, ci: 0x70, data: new Uint8Array([8]) });
  await using segment = await scriptedSegment([[ACK], [error]]);
  const bus = meterBus(segment.line, PATIENT);
  const thrown = await assertRejects(() => bus.readMeter("p5"), MeterError, "application too busy");
  assertEquals(thrown.code, "refused");
});

Deno.test("readMeter() takes an application error without a code", async () => {
  const error = encodeFrame({ type: "control", control: 0x08, address: 5, ci: 0x70 });
  await using segment = await scriptedSegment([[ACK], [error]]);
  const bus = meterBus(segment.line, PATIENT);
  await assertRejects(() => bus.readMeter("p5"), MeterError, "unspecified error (application error 0)");
});

Deno.test("readMeter() keeps a frame that cannot be decoded", async () => {
  const foreign = encodeFrame({ type: "long", control: 0x08, address: 5, ci: 0xa3, data: new Uint8Array([1, 2, 3]) });
  await using segment = await scriptedSegment([[ACK], [foreign]]);
  assertEquals(await meterBus(segment.line, PATIENT).readMeter("p5"), [foreign]);
});

Deno.test("readMeter() takes an answer with ACD and DFC set", async () => {
  const data = telegram().slice(7, -2);
  const answer = encodeFrame({ type: "long", control: 0x38, address: 5, ci: 0x72, data });
  await using segment = await scriptedSegment([[ACK], [answer]]);
  assertEquals(await meterBus(segment.line, PATIENT).readMeter("p5"), [answer]);
});

Deno.test("readMeter() cuts off a meter that never ends its answer", async () => {
  const endless = Array.from({ length: MAX_FRAMES + 1 }, (_, accessNumber): ScriptedAnswer => [
    telegram({ accessNumber, moreRecordsFollow: true }),
  ]);
  await using segment = await scriptedSegment([[ACK], ...endless]);
  const thrown = await assertRejects(() => meterBus(segment.line, PATIENT).readMeter("p5"), MeterError);
  assertEquals(thrown.code, "too_many_frames");
  assertEquals(segment.requests.length, 1 + MAX_FRAMES);
});

Deno.test("readMeter() refuses an address that is none", async () => {
  await using segment = await scriptedSegment([]);
  await assertRejects(() => meterBus(segment.line, PATIENT).readMeter("p300"), ConfigurationError);
  assertEquals(segment.requests, []);
});

Deno.test("readMeter() takes turns", async () => {
  const other = telegram({ address: 6 });
  await using segment = await scriptedSegment([[], [], [ACK], [other]]);
  const bus = meterBus(segment.line, { ...QUICK, retries: 1 });
  const dead = assertRejects(() => bus.readMeter("p5"), MeterError);
  const alive = bus.readMeter("p6");
  await dead;
  assertEquals(await alive, [other]);
  assertEquals(segment.requests, [NKE, NKE, "1040064616", "107b068116"]);
});

Deno.test("readMeter() ends at once with the signal's reason", async () => {
  await using segment = await scriptedSegment([]);
  const bus = meterBus(segment.line, PATIENT);
  const controller = new AbortController();
  const reading = assertRejects(() => bus.readMeter("p5", controller.signal), Error, "stopping");
  controller.abort(new Error("stopping"));
  await reading;
});

Deno.test("readMeter() lets a lost line through as such", async () => {
  await using segment = await scriptedSegment([]);
  const bus = meterBus(segment.line, PATIENT);
  const reading = assertRejects(() => bus.readMeter("p5"), TransportClosed);
  await segment.line[Symbol.asyncDispose]();
  await reading;
});
