import { type ReceiverName, RECEIVERS } from "../../../gateway/radio/receivers/mod.ts";
import { PEERS } from "./peers/mod.ts";
import { noLedger } from "../virtual_line.ts";
import { nextTelegram, radioMeters } from "./radio_meter.ts";

/** What a receiver, once it has been started by its conversation, sends for so many telegrams; and their frames. */
export function startedStream(receiver: ReceiverName, count: number): { bytes: Uint8Array; frames: string[] } {
  const modes = receiver === "cul" ? (["T"] as const) : (["C", "T"] as const);
  const peer = PEERS[receiver]();
  const conversation = RECEIVERS[receiver].start?.(modes);
  for (let step = conversation?.next(); step?.done === false;) {
    const reader = RECEIVERS[receiver].reader();
    const answers = peer.receive(step.value.bytes).flatMap((bytes) => reader.push(bytes));
    const answer = answers.find((message) => message.type === "answer");
    step = conversation?.next(answer ?? { type: "answer", code: "", data: new Uint8Array(0) });
  }
  const meters = radioMeters(Math.min(count, 9), { modes });
  const telegrams = Array.from(
    { length: Math.ceil(count / meters.length) },
    (_, round) =>
      meters.map((meter, index) =>
        nextTelegram(meter, { counter: round * meters.length + index, now: round, ledger: noLedger() })
      ),
  ).flat().slice(0, count);
  return {
    bytes: Uint8Array.from(telegrams.flatMap((telegram) => [...peer.hears(telegram) ?? []])),
    frames: telegrams.map(({ plain }) => plain.toHex().toUpperCase()),
  };
}
