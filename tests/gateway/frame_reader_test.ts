import { assertEquals, assertRejects } from "@std/assert";
import { FrameReader, type Reception } from "../../gateway/frame_reader.ts";
import { TransportClosed } from "../../gateway/transport.ts";
import { converter } from "./converter.ts";
import { damaged, telegram } from "./scripted_segment.ts";

const BAUD_RATE = 38_400;

async function reader(gapMs = 100) {
  const { line, far } = await converter();
  const frames = new FrameReader(line, { baudRate: BAUD_RATE, gapMs });
  return {
    frames,
    far,
    async [Symbol.asyncDispose]() {
      await line[Symbol.asyncDispose]();
      far.close();
    },
  };
}

function bytesOf(reception: Reception): Uint8Array | string {
  return reception.type === "frame" ? reception.bytes : reception.type;
}

Deno.test("FrameReader.next() puts a frame together that comes in pieces", async () => {
  await using line = await reader(5_000);
  const frame = telegram();
  const reception = line.frames.next(5_000);
  for (const byte of frame) await line.far.write(new Uint8Array([byte]));
  assertEquals(bytesOf(await reception), frame);
});

Deno.test("FrameReader.next() gives two frames of one packet one by one", async () => {
  await using line = await reader();
  await line.far.write(new Uint8Array([0xe5, ...telegram()]));
  assertEquals(bytesOf(await line.frames.next(5_000)), new Uint8Array([0xe5]));
  assertEquals(bytesOf(await line.frames.next(5_000)), telegram());
});

Deno.test("FrameReader.next() says silence when nothing comes", async () => {
  await using line = await reader();
  assertEquals(await line.frames.next(5), { type: "silence" });
});

Deno.test.each([
  ["00FF", "the glitch of a converter that turns the line around"],
  ["68", "a lone start byte"],
  ["10", "a lone start byte of a short frame"],
  ["681011", "a beginning that goes wrong"],
  ["1001020304", "a short frame that is none"],
])("FrameReader.next() skips %s before a frame", async (noise, _why) => {
  await using line = await reader();
  await line.far.write(new Uint8Array([...Uint8Array.fromHex(noise), ...telegram()]));
  assertEquals(bytesOf(await line.frames.next(5_000)), telegram());
});

Deno.test("FrameReader.next() goes on waiting after a stray byte and a pause", async () => {
  await using line = await reader(20);
  const reception = line.frames.next(10_000);
  await line.far.write(new Uint8Array([0x68]));
  await new Promise((resolve) => setTimeout(resolve, 80));
  await line.far.write(telegram());
  assertEquals(bytesOf(await reception), telegram());
});

Deno.test("FrameReader.next() calls a frame with a wrong checksum garbage, and what follows at once with it", async () => {
  await using line = await reader();
  await line.far.write(new Uint8Array([...damaged(telegram(), 20), ...telegram({ energy: 7 })]));
  const reception = await line.frames.next(5_000);
  assertEquals(reception.type, "garbage");
  await line.far.write(telegram({ energy: 8 }));
  assertEquals(bytesOf(await line.frames.next(5_000)), telegram({ energy: 8 }));
});

Deno.test("FrameReader.next() takes nothing inside a damaged frame for a frame", async () => {
  await using line = await reader();
  // The damaged frame's data holds a whole, valid frame.
  const inner = telegram({ energy: 666 });
  const outer = new Uint8Array([0x68, inner.length + 3, inner.length + 3, 0x68, 0x08, 5, 0x72, ...inner, 0x00, 0x16]);
  await line.far.write(outer);
  assertEquals((await line.frames.next(5_000)).type, "garbage");
  assertEquals((await line.frames.next(5)).type, "silence");
});

Deno.test("FrameReader.next() gives up on half a frame once the line is idle", async () => {
  await using line = await reader();
  await line.far.write(telegram().subarray(0, 12));
  assertEquals(await line.frames.next(5_000), { type: "garbage", reason: "the frame stopped after 12 bytes" });
  assertEquals((await line.frames.next(5)).type, "silence");
});

Deno.test("FrameReader.next() says noise when nothing else comes", async () => {
  await using line = await reader(20);
  await line.far.write(new Uint8Array([1, 2, 3]));
  assertEquals(await line.frames.next(200), { type: "garbage", reason: "3 bytes of noise" });
});

Deno.test("FrameReader.next() is not held by a line that never falls silent", async () => {
  await using line = await reader();
  let babbling = true;
  const babble = (async () => {
    const block = new Uint8Array(600).fill(0x55);
    while (babbling) {
      await line.far.write(block);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  assertEquals(await line.frames.next(5_000), { type: "garbage", reason: "more than 522 bytes of noise" });
  babbling = false;
  await babble;
});

Deno.test("FrameReader.idle() forgets a frame that has begun, and says how many bytes it was", async () => {
  await using line = await reader();
  await line.far.write(new Uint8Array([0xe5, ...telegram().subarray(0, 3)]));
  assertEquals(bytesOf(await line.frames.next(5_000)), new Uint8Array([0xe5]));
  assertEquals(await line.frames.idle(), 3);
  await line.far.write(telegram({ energy: 9 }));
  assertEquals(bytesOf(await line.frames.next(5_000)), telegram({ energy: 9 }));
});

Deno.test("FrameReader.next() rejects when the line is gone or the signal aborts", async () => {
  const { line, far } = await converter();
  await using _line = line;
  const frames = new FrameReader(line, { baudRate: BAUD_RATE });
  const controller = new AbortController();
  const aborted = assertRejects(() => frames.next(60_000, controller.signal), Error, "enough");
  controller.abort(new Error("enough"));
  await aborted;
  far.close();
  await assertRejects(() => frames.next(60_000), TransportClosed);
});
