import { assertEquals } from "@std/assert";
import { RECEIVER_NAMES, RECEIVERS } from "../../../gateway/radio/receivers/mod.ts";
import { randomSequence } from "../../simulator/noise.ts";
import { startedStream } from "../../simulator/radio/started_stream.ts";
import { framesOf } from "./pieces.ts";

const ROUNDS = 2_000;

for (const receiver of RECEIVER_NAMES) {
  Deno.test(`the reader of ${receiver} throws at nothing that comes, and reads telegrams behind it`, () => {
    const random = randomSequence(871);
    const reader = RECEIVERS[receiver].reader();
    // Bytes that begin messages and lines come more often than by chance.
    const marks = [0xa5, 0xff, 0x03, 0x44, 0x62, 0x0a, 0x0d, 0x3b, 0x7b, 0x22];
    for (let round = 0; round < ROUNDS; round++) {
      const one = () =>
        random() < 0.3 ? marks[Math.floor(marks.length * random())] as number : Math.floor(256 * random());
      reader.push(Uint8Array.from({ length: Math.floor(80 * random()) }, one));
      if (random() < 0.1) reader.settle();
    }
    reader.push(Uint8Array.of(0x0a));
    reader.settle();
    assertEquals(reader.waiting, false);
    const { bytes, frames } = startedStream(receiver, 9);
    assertEquals(framesOf(reader.push(bytes)), frames);
  });

  Deno.test(`the reader of ${receiver} reads a stream cut into single bytes as it reads it whole`, () => {
    const { bytes, frames } = startedStream(receiver, 9);
    const single = RECEIVERS[receiver].reader();
    assertEquals(framesOf(RECEIVERS[receiver].reader().push(bytes)), frames);
    assertEquals(framesOf([...bytes].flatMap((byte) => single.push(Uint8Array.of(byte)))), frames);
  });
}
