import { assertEquals } from "@std/assert";
import { RECEIVER_NAMES, type ReceiverName, RECEIVERS } from "../../../gateway/radio/receivers/mod.ts";
import { randomSequence } from "../../simulator/noise.ts";
import { PEERS } from "../../simulator/radio/peers/mod.ts";
import { nextTelegram, radioMeters } from "../../simulator/radio/radio_meter.ts";
import { framesOf } from "./pieces.ts";

const NO_LEDGER = { lastCounter: 0, append() {}, [Symbol.dispose]() {} };
const ROUNDS = 2_000;

/** What the receiver sends for these telegrams, once it has been started; and their frames. */
function stream(receiver: ReceiverName): { bytes: Uint8Array; frames: string[] } {
  const modes = receiver === "cul" ? (["T"] as const) : (["C", "T"] as const);
  const peer = PEERS[receiver]();
  const conversation = RECEIVERS[receiver].start?.(modes);
  for (let step = conversation?.next(); step?.done === false;) {
    const reader = RECEIVERS[receiver].reader();
    const answers = peer.receive(step.value.bytes).flatMap((bytes) => reader.push(bytes));
    const answer = answers.find((message) => message.type === "answer");
    step = conversation?.next(
      answer?.type === "answer" ? answer : { type: "answer", code: "", data: new Uint8Array(0) },
    );
  }
  const telegrams = radioMeters(9, { modes }).map((meter, counter) =>
    nextTelegram(meter, { counter, now: 0, ledger: NO_LEDGER })
  );
  return {
    bytes: Uint8Array.from(telegrams.flatMap((telegram) => [...peer.hears(telegram) ?? []])),
    frames: telegrams.map(({ plain }) => plain.toHex().toUpperCase()),
  };
}

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
    const { bytes, frames } = stream(receiver);
    assertEquals(framesOf(reader.push(bytes)), frames);
  });

  Deno.test(`the reader of ${receiver} reads a stream cut into single bytes as it reads it whole`, () => {
    const { bytes, frames } = stream(receiver);
    const single = RECEIVERS[receiver].reader();
    assertEquals(framesOf(RECEIVERS[receiver].reader().push(bytes)), frames);
    assertEquals(framesOf([...bytes].flatMap((byte) => single.push(Uint8Array.of(byte)))), frames);
  });
}
