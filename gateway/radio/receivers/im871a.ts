import { framedReader } from "../framed_reader.ts";
import { heardFrame } from "../plain_frame.ts";
import {
  codeOfModes,
  type Conversation,
  type ModeCodes,
  type ReceiverCommand,
  type ReceiverMessage,
  type ReceiverProtocol,
  ReceiverRefused,
  wholeDbm,
} from "../receiver_protocol.ts";
import { encodeHci, HCI_START, type HciMessage, parseHci } from "./hci_message.ts";

const DEVICE_MANAGEMENT = 0x01;
const RADIO_LINK = 0x02;
const TELEGRAM_INDICATION = 0x03;

/** Requests of device management; the answer has the next number. */
const SET_CONFIGURATION = 0x03;
const GET_CONFIGURATION = 0x05;
const RESET = 0x07;
const GET_DEVICE = 0x0f;

const MODULE_IM871A = 0x33;
/** From this firmware on the receiver hears C and T at once; it is written 1.4. */
const FIRMWARE_OF_C_AND_T = 0x14;

const LINK_MODES: ModeCodes = [
  [["C"], 0x06],
  [["T"], 0x03],
  [["S"], 0x00],
  [["C", "T"], 0x0a],
];

/** IMST iM871A-USB, by its host controller interface. */
export const im871a: ReceiverProtocol = {
  baudRate: 57_600,
  modes: LINK_MODES.map(([modes]) => modes),
  reader() {
    let checks = false;
    return framedReader((bytes) => {
      if (bytes[0] !== HCI_START) return { problem: null };
      const seen = parseHci(bytes);
      if (!("message" in seen)) return seen;
      // A checksum is optional, but a receiver that sends it sends it always: what comes without is noise.
      if (checks && !seen.message.checked) return { problem: null };
      checks ||= seen.message.checked;
      return { length: seen.length, message: messageOf(seen.message) };
    });
  },
  *start(modes): Conversation {
    const device = yield request("ask who it is", GET_DEVICE);
    const [module, , firmware = 0] = device.data;
    if (module !== MODULE_IM871A) {
      throw new ReceiverRefused(`Cannot use the receiver: it says it is module ${hex(module)}, an iM871A is 0x33`);
    }
    const version = `${firmware >> 4}.${firmware & 0x0f}`;
    if (modes.length > 1 && firmware < FIRMWARE_OF_C_AND_T) {
      throw new ReceiverRefused(
        `Cannot listen for modes C and T at once: the receiver's firmware is ${version}, it needs 1.4; name one mode`,
      );
    }
    const code = codeOfModes(LINK_MODES, modes);
    const set = yield request(`set modes ${modes.join(", ")}`, SET_CONFIGURATION, configuration(code));
    if ((set.data[0] ?? 0) !== 0) {
      throw new ReceiverRefused(`Cannot set modes ${modes.join(", ")}: the receiver answered ${hex(set.data[0])}`);
    }
    const now = yield request("read back the modes", GET_CONFIGURATION);
    const told = linkModeOf(now.data);
    if (told !== code) {
      throw new ReceiverRefused(`Cannot set modes ${modes.join(", ")}: the receiver has mode ${hex(told)} afterwards`);
    }
    return `iM871A, firmware ${version}`;
  },
  *reset(): Conversation {
    yield { ...request("reset it", RESET), restMs: 500 };
    return "reset";
  },
};

function messageOf({ endpoint, id, payload, rssi }: HciMessage): ReceiverMessage | null {
  if (endpoint === DEVICE_MANAGEMENT) return { type: "answer", code: codeOf(id), data: payload };
  if (endpoint !== RADIO_LINK || id !== TELEGRAM_INDICATION) return null;
  // The frame comes from its C field on; its length is the message's.
  const received = Uint8Array.from([payload.length, ...payload]);
  return heardFrame(received, "none", rssi === null ? null : registerDbm(rssi));
}

/** The curve of the radio chip (Silicon Labs Si1002) between -100 dBm at 45 and -20 dBm at 205. */
function registerDbm(register: number): number {
  return wholeDbm(-100 + (register - 45) / 2);
}

function request(what: string, id: number, payload: Uint8Array = new Uint8Array(0)): ReceiverCommand {
  return {
    what,
    bytes: encodeHci({ endpoint: DEVICE_MANAGEMENT, id, payload }),
    isAnswer: ({ code }) => code === codeOf(id + 1),
  };
}

function codeOf(id: number): string {
  return `device management ${id}`;
}

/** Until the receiver loses its power: device mode "other" and the link mode; no power saving, RSSI, no timestamp. */
function configuration(code: number): Uint8Array {
  return Uint8Array.of(0x00, 0x03, 0x00, code, 0x38, 0x00, 0x01, 0x00);
}

/** The link mode in a configuration as the receiver tells it: flags, then what they announce. */
function linkModeOf(told: Uint8Array): number | undefined {
  const [flags = 0] = told;
  return (flags & 2) === 0 ? undefined : told[1 + (flags & 1)];
}

function hex(value: number | undefined): string {
  return value === undefined ? "none" : `0x${value.toString(16).padStart(2, "0").toUpperCase()}`;
}
