import process from "node:process";
import { delay } from "@std/async";
import { decodeTelegram } from "@mbus-gateway/mbus";
import { silentLog } from "@mbus-gateway/resource";
import { loadLibc } from "../../gateway/libc.ts";
import { listenAt } from "../../gateway/radio/listen.ts";
import { lookAtFrame } from "../../gateway/radio/radio_frame.ts";
import { RECEIVER_NAMES, RECEIVERS } from "../../gateway/radio/receivers/mod.ts";
import { ptyPair } from "../fixtures/pty.ts";
import { startedStream } from "../simulator/radio/started_stream.ts";
import { simulateRadio } from "../simulator/radio/simulate_radio.ts";
import { medianMs, numberOption, readable, report } from "./report.ts";

const TELEGRAMS = 2_000;
/** What a serial read brings at once, as a rule. */
const PIECE = 64;

/** Reading what receivers send, beside decoding the same telegrams; and what an open receiver costs that hears nothing. */
export async function benchRadio(options: string[]): Promise<void> {
  for (const receiver of RECEIVER_NAMES) {
    const { bytes, frames } = startedStream(receiver, TELEGRAMS);
    const plain = frames.map((hex) => Uint8Array.fromHex(hex));
    let read = 0;
    const reading = medianMs(5, () => {
      const reader = RECEIVERS[receiver].reader();
      for (let at = 0; at < bytes.length; at += PIECE) {
        for (const message of reader.push(bytes.subarray(at, at + PIECE))) {
          if (message.type === "telegram" && lookAtFrame(message.frame).hasReadings) read++;
        }
      }
    });
    if (read !== 5 * TELEGRAMS) throw new Error(`Cannot measure: ${receiver} read ${read} of ${5 * TELEGRAMS}`);
    const clear = plain.filter((frame) => frame[10] === 0x7a && (frame[14] ?? 0) === 0);
    const decoding = medianMs(5, () => clear.forEach((frame) => decodeTelegram(frame))) * TELEGRAMS / clear.length;
    report(`${receiver}: telegrams read a second`, readable(TELEGRAMS / reading * 1000));
    report(`${receiver}: ratio, reading / decoding them without any key`, readable(reading / decoding));
  }
  await idle(1000 * numberOption(options, "idle", 60));
}

async function idle(ms: number) {
  await loadLibc();
  const folder = await Deno.makeTempDir({ prefix: "mbus-bench-" });
  {
    await using radio = simulateRadio({ receiver: "im871a", meters: 1, ledger: `${folder}/ledger` });
    await using pty = ptyPair();
    const serving = radio.serve(pty);
    const stop = new AbortController();
    const listening = listenAt({ receiver: "im871a", port: pty.path, signal: stop.signal, log: silentLog });
    const next = listening.next();
    await delay(2_000);
    const before = process.cpuUsage();
    await delay(ms);
    const { user, system } = process.cpuUsage(before);
    report(
      `processor time of an open receiver in ${ms / 1000} s without telegrams, simulator included`,
      `${readable((user + system) / 1000)} ms`,
    );
    stop.abort();
    await next;
    await pty.hangUp();
    await serving;
  }
  await Deno.remove(folder, { recursive: true });
}
