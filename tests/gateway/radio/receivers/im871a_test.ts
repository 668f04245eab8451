import { assertEquals, assertThrows } from "@std/assert";
import type { ReceiverAnswer } from "../../../../gateway/radio/receiver_protocol.ts";
import { ReceiverRefused } from "../../../../gateway/radio/receiver_protocol.ts";
import { im871a } from "../../../../gateway/radio/receivers/im871a.ts";
import { Im871aPeer } from "../../../simulator/radio/peers/im871a.ts";
import { cutEverywhere, framesOf } from "../pieces.ts";

const FRAME = "10442D2C785634121B16780413E8030000";
const TELEGRAM = Uint8Array.fromHex(FRAME);
const ON_AIR = { mode: "T", format: "A", plain: TELEGRAM, coded: TELEGRAM, rssi: -71 } as const;

/** A peer that listens for C and T. */
function listening(): Im871aPeer {
  const peer = new Im871aPeer();
  talk(peer, ["C", "T"]);
  return peer;
}

function talk(peer: Im871aPeer, modes: ("C" | "T" | "S")[]): string {
  const conversation = im871a.start?.(modes);
  if (conversation === undefined) throw new Error("Cannot talk: an iM871A takes commands");
  const reader = im871a.reader();
  let step = conversation.next();
  while (!step.done) {
    const { isAnswer, bytes } = step.value;
    const answers = peer.receive(bytes).flatMap((answer) => reader.push(answer));
    const answer = answers.find((message): message is ReceiverAnswer =>
      message.type === "answer" && isAnswer?.(message) === true
    );
    if (answer === undefined) throw new Error(`Cannot ${step.value.what}: no answer`);
    step = conversation.next(answer);
  }
  return step.value;
}

Deno.test("im871a reads a telegram cut at every byte, with its strength in dBm", () => {
  const sent = listening().hears(ON_AIR) ?? new Uint8Array(0);
  for (const messages of cutEverywhere(im871a.reader, sent)) {
    assertEquals(messages, [{ type: "telegram", frame: TELEGRAM, rssi: -71 }]);
  }
});

Deno.test("im871a finds the telegram behind noise that looks like the beginning of a message", () => {
  const sent = listening().hears(ON_AIR) ?? new Uint8Array(0);
  for (const noise of ["00", "a5", "a5a5", "a58203ff", "a5820302aabb0000", "ffa5810f"]) {
    const reader = im871a.reader();
    const messages = [...reader.push(Uint8Array.from([...Uint8Array.fromHex(noise), ...sent])), ...reader.settle()];
    assertEquals(framesOf(messages), [FRAME], noise);
    assertEquals(reader.waiting, false);
  }
});

Deno.test("im871a takes no telegram whose checksum is wrong, whichever byte is changed, and the next one all the same", () => {
  const sent = listening().hears(ON_AIR) ?? new Uint8Array(0);
  for (let at = 0; at < sent.length; at++) {
    const changed = sent.slice();
    changed[at] = (changed[at] as number) ^ 0x80;
    const reader = im871a.reader();
    const messages = [sent, changed, sent].flatMap((bytes) => reader.push(bytes));
    assertEquals(framesOf([...messages, ...reader.settle()]), [FRAME, FRAME], `byte ${at}`);
  }
});

Deno.test("im871a.start() sets and reads back the modes, and says what the receiver is", () => {
  assertEquals(talk(new Im871aPeer(), ["C", "T"]), "iM871A, firmware 1.4");
  assertEquals(talk(new Im871aPeer(0x13), ["T"]), "iM871A, firmware 1.3");
});

Deno.test("im871a.start() says that old firmware cannot hear C and T at once", () => {
  assertThrows(
    () => talk(new Im871aPeer(0x13), ["C", "T"]),
    ReceiverRefused,
    "the receiver's firmware is 1.3, it needs 1.4",
  );
});
