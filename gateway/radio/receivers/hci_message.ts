/** A message of IMST's host controller interface, the serial protocol of its receivers. */
export interface HciMessage {
  endpoint: number;
  id: number;
  payload: Uint8Array;
  /** Attached by the receiver as its raw register; null where it attaches none. */
  rssi: number | null;
  /** Whether it came with a checksum, which fits. */
  checked: boolean;
}

/** Start of frame. */
export const HCI_START = 0xa5;

/** The high half of the control byte says what follows the payload. */
const HAS_CHECK = 0x80;
const HAS_RSSI = 0x40;
const HAS_TIMESTAMP = 0x20;
const RESERVED = 0x10;
/** Device management, radio link, radio link test, hardware test. */
const LAST_ENDPOINT = 4;
const HEADER = 4;

/**
 * The message at the beginning of `bytes`, which begin with {@linkcode HCI_START}.
 *
 * @returns the message and its length, how many bytes there must be at least, or what is wrong.
 */
export function parseHci(
  bytes: Uint8Array,
): { message: HciMessage; length: number } | { needs: number } | { problem: string | null } {
  if (bytes.length < HEADER) return { needs: HEADER };
  const [, control = 0, id = 0, size = 0] = bytes;
  const endpoint = control & 0x0f;
  if (endpoint < 1 || endpoint > LAST_ENDPOINT || (control & RESERVED) !== 0) return { problem: null };
  const end = HEADER + size;
  const rssiAt = end + ((control & HAS_TIMESTAMP) === 0 ? 0 : 4);
  const checkAt = rssiAt + ((control & HAS_RSSI) === 0 ? 0 : 1);
  const length = checkAt + ((control & HAS_CHECK) === 0 ? 0 : 2);
  if (bytes.length < length) return { needs: length };
  if (checkAt < length) {
    const stated = (bytes[checkAt] as number) | (bytes[checkAt + 1] as number) << 8;
    const check = hciCheck(bytes.subarray(1, checkAt));
    if (stated !== check) {
      return { problem: `a message's checksum is ${hex4(stated)}, its bytes give ${hex4(check)}` };
    }
  }
  const rssi = rssiAt < checkAt ? bytes[rssiAt] as number : null;
  return { message: { endpoint, id, payload: bytes.slice(HEADER, end), rssi, checked: checkAt < length }, length };
}

/** A command to the receiver, with its checksum. */
export function encodeHci(
  { endpoint, id, payload }: Pick<HciMessage, "endpoint" | "id" | "payload">,
): Uint8Array<ArrayBuffer> {
  const body = Uint8Array.from([endpoint | HAS_CHECK, id, payload.length, ...payload]);
  const check = hciCheck(body);
  return Uint8Array.from([HCI_START, ...body, check & 0xff, check >> 8]);
}

/** CRC-16 of ITU-T V.42 (X.25): all from the control byte on; least significant byte first on the wire. */
export function hciCheck(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >> 1 : crc >> 1 ^ 0x8408;
  }
  return crc ^ 0xffff;
}

function hex4(value: number): string {
  return `0x${value.toString(16).padStart(4, "0").toUpperCase()}`;
}
