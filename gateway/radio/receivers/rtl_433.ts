import { lineReader } from "../line_reader.ts";
import { bytesOfHex, heardFrame } from "../plain_frame.ts";
import type { ReceiverMessage, ReceiverProtocol } from "../receiver_protocol.ts";

/** The JSON lines of `rtl_433 -F json`, a program that receives with an RTL-SDR stick; its protocols 104 and 105. */
export const rtl433: ReceiverProtocol = {
  baudRate: 115_200,
  modes: [["C", "T", "S"]],
  reader: () => lineReader(readLine),
  start: null,
  reset: null,
};

const MODEL = "Wireless-MBus";
/**
 * Of format A it hands on two bytes too many, the last CRC, and an L field lowered by two: so the L field counts five
 * bytes fewer than there are.
 */
const SURPLUS = 5;

/** Other devices are on the air as well, and rtl_433 tells of them too. Its `rssi` counts from full scale, not in dBm. */
function readLine(line: string): ReceiverMessage | null {
  const told = objectOf(line);
  if (told?.model !== MODEL) return null;
  if (told.mic !== undefined && told.mic !== "CRC") {
    return { type: "spoilt", problem: "rtl_433 did not check the CRCs" };
  }
  const bytes = typeof told.data === "string" ? bytesOfHex(told.data) : null;
  if (bytes === null) return { type: "spoilt", problem: "rtl_433 told of a telegram without its bytes" };
  const isLong = bytes.length === (bytes[0] as number) + SURPLUS;
  return isLong ? heardFrame(bytes.subarray(0, -2), "none", null) : heardFrame(bytes, "any", null);
}

function objectOf(line: string): Record<string, unknown> | null {
  const start = line.indexOf("{");
  if (start < 0) return null;
  try {
    return JSON.parse(line.slice(start)) as Record<string, unknown>;
  } catch {
    return null; // a line that was cut when the connection began
  }
}
