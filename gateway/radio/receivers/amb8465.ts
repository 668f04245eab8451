import { framedReader, type Sight } from "../framed_reader.ts";
import { heardFrame } from "../plain_frame.ts";
import {
  cc1101Dbm,
  codeOfModes,
  type Conversation,
  type ModeCodes,
  type ReceiverCommand,
  type ReceiverMessage,
  type ReceiverProtocol,
  ReceiverRefused,
} from "../receiver_protocol.ts";

const START = 0xff;
const DATA_INDICATION = 0x03;
const SET_MODE = 0x04;
const RESET = 0x05;
const SET = 0x09;
const GET = 0x0a;
const GET_FIRMWARE = 0x0c;
/** Set in the answer to a command. */
const CONFIRMS = 0x80;
const OUR_COMMANDS = new Set<number>([SET_MODE, RESET, SET, GET, GET_FIRMWARE].map((command) => command | CONFIRMS));

/** Parameters in the receiver's flash memory: telegrams come as messages; the strength of the signal is added. */
const MESSAGES_ON = 0x05;
const RSSI_ON = 0x45;

const MODES: ModeCodes = [
  [["C"], 0x0e],
  [["T"], 0x08],
  [["S"], 0x03],
  [["C", "T"], 0x09],
];

/** AMBER Wireless (Würth Elektronik) AMB8465, in its command mode. */
export const amb8465: ReceiverProtocol = {
  baudRate: 9600,
  modes: MODES.map(([modes]) => modes),
  reader: () => framedReader(look),
  *start(modes): Conversation {
    const mode = codeOfModes(MODES, modes);
    const firmware = yield command("ask its firmware", GET_FIRMWARE);
    // The flash memory wears: it is written only where it differs, and takes effect with a reset.
    let written = false;
    for (const [parameter, what] of [[MESSAGES_ON, "messages"], [RSSI_ON, "signal strength"]] as const) {
      const now = yield command(`read its setting for ${what}`, GET, parameter, 1);
      if (now.data[2] === 1) continue;
      const set = yield command(`switch on ${what}`, SET, parameter, 1, 1);
      if (set.data[0] !== 0) throw new ReceiverRefused(`Cannot switch on ${what}: ${said(set.data)}`);
      written = true;
    }
    if (written) yield resetCommand();
    const set = yield command(`set modes ${modes.join(", ")}`, SET_MODE, mode);
    // Some firmware confirms with 0, some with the mode.
    if (set.data[0] !== 0 && set.data[0] !== mode) {
      throw new ReceiverRefused(`Cannot set modes ${modes.join(", ")}: ${said(set.data)}`);
    }
    return `AMB8465, firmware ${firmware.data.join(".")}`;
  },
  *reset(): Conversation {
    yield resetCommand();
    return "reset";
  },
};

/** FF, command, length, payload, and the exclusive or of all of these. */
function look(bytes: Uint8Array): Sight {
  if (bytes[0] !== START) return { problem: null };
  if (bytes.length < 2) return { needs: 3 };
  const code = bytes[1] as number;
  if (code !== DATA_INDICATION && !OUR_COMMANDS.has(code)) return { problem: null };
  if (bytes.length < 3) return { needs: 3 };
  const length = 4 + (bytes[2] as number);
  if (bytes.length < length) return { needs: length };
  const check = bytes.subarray(0, length - 1).reduce((sum, byte) => sum ^ byte, 0);
  if (check !== bytes[length - 1]) {
    return { problem: `a message's checksum is ${bytes[length - 1]}, its bytes give ${check}` };
  }
  const data = bytes.slice(3, length - 1);
  return { length, message: code === DATA_INDICATION ? telegramOf(data) : { type: "answer", code: `${code}`, data } };
}

/** The frame from its C field on, and the strength of the signal. */
function telegramOf(data: Uint8Array): ReceiverMessage {
  const body = data.subarray(0, -1);
  return heardFrame(Uint8Array.from([body.length, ...body]), "none", cc1101Dbm(data.at(-1) ?? 0));
}

function command(what: string, code: number, ...payload: number[]): ReceiverCommand {
  const bytes = Uint8Array.from([START, code, payload.length, ...payload, 0]);
  bytes[bytes.length - 1] = bytes.reduce((sum, byte) => sum ^ byte, 0);
  return { what, bytes, isAnswer: (answer) => answer.code === `${code | CONFIRMS}` };
}

function resetCommand(): ReceiverCommand {
  return { ...command("reset it", RESET), restMs: 500 };
}

function said(data: Uint8Array): string {
  return `the receiver answered ${data.toHex().toUpperCase() || "nothing"}`;
}
