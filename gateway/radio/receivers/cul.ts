import { lineReader } from "../line_reader.ts";
import { bytesOfHex, heardFrame } from "../plain_frame.ts";
import {
  cc1101Dbm,
  type Conversation,
  type ReceiverCommand,
  type ReceiverMessage,
  type ReceiverProtocol,
  ReceiverRefused,
} from "../receiver_protocol.ts";

/** A stick with the firmware culfw: CUL, nanoCUL and their kin. */
export const cul: ReceiverProtocol = {
  baudRate: 38_400,
  modes: [["C"], ["T"], ["S"]],
  reader: () => lineReader(readLine),
  *start([mode = "T"]): Conversation {
    const version = yield command("ask its version", "V", (line) => /^V \d/.test(line));
    const answer = yield command(
      `set mode ${mode}`,
      `br${mode.toLowerCase()}`,
      (line) => !line.startsWith("V"),
    );
    if (answer.code !== `${mode}MODE`) {
      throw new ReceiverRefused(
        `Cannot set mode ${mode}: the receiver answered "${answer.code}"; its firmware needs wireless M-Bus built in`,
      );
    }
    // Report telegrams, and the strength of their signal behind them.
    yield command("switch on signal strength", "X21", null);
    return version.code;
  },
  *reset(): Conversation {
    yield { ...command("switch it off", "X00", null), restMs: 200 };
    return "switched off";
  },
};

/** Its version, the mode that was set, that it does not know a command. */
const ANSWER = /^(?:V \d.*|[A-Z]MODE|OFF|\?.*)$/;
/** Behind noise, what the firmware writes is still known by its capitals. */
const BEHIND_NOISE = /b(Y?)([0-9A-F]+)$/;

/** `b` and the frame with its CRCs, `bY` where these are of format B; then perhaps the quality and the strength. */
function readLine(line: string): ReceiverMessage | null {
  const telegram = /^b(Y?)([0-9A-Fa-f]*)$/.exec(line) ?? BEHIND_NOISE.exec(line);
  if (telegram === null) {
    if (ANSWER.test(line)) return { type: "answer", code: line, data: new Uint8Array(0) };
    return { type: "spoilt", problem: "a line is neither a telegram nor an answer" };
  }
  const [, isFormatB, digits = ""] = telegram;
  const bytes = bytesOfHex(digits);
  if (bytes === null) return { type: "spoilt", problem: "a line of hexadecimal digits is cut" };
  const length = frameLength(bytes[0] as number, isFormatB === "Y");
  const strength = bytes.length > length ? bytes.at(-1) : undefined;
  const rssi = strength === undefined ? null : cc1101Dbm(strength);
  return heardFrame(bytes.subarray(0, length), isFormatB === "Y" ? "B" : "A", rssi);
}

/** L counts the CRCs of format B; in format A each block of 16 bytes behind the first 10 has one that it does not count. */
function frameLength(l: number, isFormatB: boolean): number {
  return isFormatB ? l + 1 : l + 1 + 2 * (1 + Math.ceil(Math.max(0, l - 9) / 16));
}

function command(what: string, text: string, belongs: ((line: string) => boolean) | null): ReceiverCommand {
  const bytes = new TextEncoder().encode(`${text}\r\n`);
  return { what, bytes, isAnswer: belongs === null ? null : ({ code }) => belongs(code) };
}
