import { lineReader } from "../line_reader.ts";
import { bytesOfHex, heardFrame } from "../plain_frame.ts";
import { type ReceiverMessage, type ReceiverProtocol, wholeDbm } from "../receiver_protocol.ts";

/** The lines of rtl_wmbus, a program that receives with an RTL-SDR stick. It hears C, T and S by its own options. */
export const rtlWmbus: ReceiverProtocol = {
  baudRate: 115_200,
  modes: [["C", "T", "S"]],
  reader: () => lineReader(readLine),
  start: null,
  reset: null,
};

/** Noise may stand before it. */
const BEGINNING = /[CTS]\d;[01];[01];/;

/** Mode, CRCs are right, 3-of-6 coding is right, time, packet's and current strength, identification, the frame. */
function readLine(line: string): ReceiverMessage | null {
  const start = line.search(BEGINNING);
  if (start < 0) return null;
  const [mode = "", crc, coding, , strength = "", , , digits = ""] = line.slice(start).split(";");
  if (crc !== "1" || coding !== "1") return { type: "spoilt", problem: "rtl_wmbus heard a telegram with wrong CRCs" };
  const bytes = bytesOfHex(digits.replace(/^0x/, ""));
  if (bytes === null) return { type: "spoilt", problem: "a line of rtl_wmbus is cut" };
  return heardFrame(bytes, mode.startsWith("C") ? "strippedB" : "any", strengthOf(strength));
}

/** As a rule a positive measure of its own, which is no dBm. */
function strengthOf(text: string): number | null {
  return /^-\d{1,3}(?:\.\d+)?$/.test(text) ? wholeDbm(Number(text)) : null;
}
