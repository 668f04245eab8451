import { type MeterAddress, parseWirelessFrame } from "@mbus-gateway/mbus";

/** What of a frame can be seen without any key. */
export interface RadioFrame {
  /** Who sent it, by the link layer: the meter, or the adapter that speaks for it. */
  sender: MeterAddress;
  /** The sender's secondary address: eight bytes in the order of the wire. */
  senderBytes: Uint8Array;
  /** The meter that an adapter speaks for, by the long header of the transport layer; null where there is none. */
  meterBytes: Uint8Array | null;
  /** It brings readings: not an acknowledgement, nor a command to a meter. */
  hasReadings: boolean;
  /** The same for frames that differ by nothing but what a repeater changes. */
  sameness: string;
  /** The same for frames of one sender that have the same purpose and layout. */
  kind: string;
}

const LINK_HEADER = 10;
/** SND-NR, SND-IR and RSP-UD with any ACD and DFC bits (EN 13757-4, table "C field"). */
const WITH_READINGS = new Set<number>([0x44, 0x46, 0x08, 0x18, 0x28, 0x38]);
/** CC of the extended link layer: hop count and repeated access. */
const ELL_REPEATER_BITS = 0x12;
/** The same in the low byte of the configuration word, in security modes 0 and 5 (EN 13757-7). */
const CONFIGURATION_REPEATER_BITS = 0x03;
const SHORT_HEADERS = new Set<number>([0x6a, 0x6e, 0x74, 0x7a, 0x7b]);
const LONG_HEADERS = new Set<number>([0x6b, 0x6f, 0x72, 0x73, 0x75]);
const FRAGMENTATION_LAYER = 0x90;

/**
 * Looks at a frame without CRCs.
 *
 * @throws {TelegramError} when it is no whole frame.
 */
export function lookAtFrame(frame: Uint8Array): RadioFrame {
  const { manufacturer, identification, version, deviceTypeCode, control, ci } = parseWirelessFrame(frame);
  const { header, unrepeated } = walk(frame);
  const senderBytes = Uint8Array.from([...frame.subarray(4, 8), ...frame.subarray(2, 4), ...frame.subarray(8, 10)]);
  return {
    sender: { manufacturer, identification, version, deviceTypeCode },
    senderBytes,
    meterBytes: header,
    hasReadings: WITH_READINGS.has(control) && ci !== null,
    sameness: unrepeated.toHex(),
    kind: `${senderBytes.toHex()} ${control} ${ci} ${frame.length}`,
  };
}

/** A secondary address, eight bytes in the order of the wire, as 16 digits are written. */
export function addressText(bytes: Uint8Array): string {
  return Uint8Array.from([...bytes.subarray(0, 4).toReversed(), ...bytes.subarray(4)]).toHex().toUpperCase();
}

/** Goes from layer to layer as far as they are clear. */
function walk(frame: Uint8Array): { header: Uint8Array | null; unrepeated: Uint8Array } {
  const unrepeated = frame.slice();
  const clear = (at: number, bits: number) => {
    if (at < frame.length) unrepeated[at] = (unrepeated[at] as number) & ~bits;
  };
  let at = LINK_HEADER;
  while (at < frame.length) {
    const ci = frame[at] as number;
    if (ci >= 0x8c && ci <= 0x8f) {
      clear(at + 1, ELL_REPEATER_BITS);
      const receiver = ci >= 0x8e ? 8 : 0;
      // ELL II and IV: session number and payload CRC, behind which everything may be encrypted.
      if (ci === 0x8d || ci === 0x8f) return { header: null, unrepeated };
      at += 3 + receiver;
    } else if (ci === FRAGMENTATION_LAYER) at += 2 + (frame[at + 1] ?? 0);
    else {
      const long = LONG_HEADERS.has(ci);
      const configuration = at + (long ? 11 : 3);
      const mode = (frame[configuration + 1] ?? 0) & 0x1f;
      if ((long || SHORT_HEADERS.has(ci)) && (mode === 0 || mode === 5)) {
        clear(configuration, CONFIGURATION_REPEATER_BITS);
      }
      return { header: long && at + 9 <= frame.length ? frame.slice(at + 1, at + 9) : null, unrepeated };
    }
  }
  return { header: null, unrepeated };
}
