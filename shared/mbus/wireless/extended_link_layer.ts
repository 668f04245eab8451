import { cryptCtr } from "../crypto/aes.ts";
import { crc16 } from "../crypto/crc16.ts";
import { addressBytes, LINK_ADDRESS, meterName } from "./meter_address.ts";
import type { Passage } from "./passage.ts";

/**
 * Extended link layers (EN 13757-4, clause "Extended link layer"): CI field, whether the receiver's address follows, and
 * whether session number and payload CRC follow. ELL I to IV.
 */
const EXTENDED_LINK_LAYERS: readonly (readonly [ci: number, receiver: boolean, session: boolean])[] = [
  [0x8c, false, false],
  [0x8d, false, true],
  [0x8e, true, false],
  [0x8f, true, true],
];

const LAYERS = new Map(EXTENDED_LINK_LAYERS.map(([ci, receiver, session]) => [ci, { receiver, session }]));

/** The mode's name in a telegram's `encryption`. */
export const ELL_AES_CTR = "ell_aes_ctr";

const PAYLOAD_CRC = 2;
/** CC: the bits that a repeater changes, which the sender took for zero (hop count, repeated access). */
const REPEATER_BITS = 0x12;

/** Whether a CI field opens an extended link layer that is read here. */
export function isExtendedLinkLayer(ci: number): boolean {
  return LAYERS.has(ci);
}

/**
 * Reads the extended link layer whose CI field has just been taken: CC, ACC, then by its kind the receiver's address,
 * session number and payload CRC. It decrypts what follows where the session number says so and it is not clear yet.
 */
export function readExtendedLinkLayer(passage: Passage, ci: number): void {
  const layer = LAYERS.get(ci);
  const control = passage.take(2, "the extended link layer");
  passage.accessNumber = control + 1;
  if (layer?.receiver) passage.take(8, "the receiver's address in the extended link layer");
  if (!layer?.session) return;
  const session = passage.take(4, "the session number");
  const start = passage.at;
  passage.take(PAYLOAD_CRC, "the payload CRC");
  // Three bits on top of the session number say how the payload is encrypted.
  const encryption = (passage.bytes[session + 3] as number) >> 5;
  // A payload may be clear whatever they say; but where a key fits, that is no accident.
  if (encryption === 1 && decrypt(passage, control, session, start)) return;
  if (crcFits(passage.bytes, start, passage.end)) return;
  if (encryption === 0) {
    passage.fail("crc", "the payload CRC of the extended link layer does not fit the payload", start);
  }
  const meter = meterName(passage.meter);
  if (encryption !== 1) {
    const mode = `mode ${encryption} of the extended link layer`;
    passage.fail("unsupported", `${meter} uses ${mode}, which is not built in`, session + 3);
  }
  if (passage.key() === null) passage.failWithoutKey("AES-CTR in the extended link layer");
  passage.fail("key_wrong", `the key does not fit ${meter}: what it decrypts has another payload CRC`, start);
}

/** Decrypts the payload CRC and what follows it, if the meter's key is known and fits. */
function decrypt(passage: Passage, control: number, session: number, start: number): boolean {
  const key = passage.key();
  if (key === null) return false;
  const vector = initialVector(passage.bytes, control, session);
  const clear = cryptCtr(key, vector, passage.bytes.subarray(start, passage.end));
  if (!crcFits(clear, 0, clear.length)) return false;
  passage.replace(start, clear, ELL_AES_CTR);
  return true;
}

/** The CRC stands before the payload, least significant byte first. */
function crcFits(bytes: Uint8Array, start: number, end: number): boolean {
  const stated = (bytes[start] as number) | (bytes[start + 1] as number) << 8;
  return crc16(bytes, start + PAYLOAD_CRC, end) === stated;
}

/** EN 13757-4: manufacturer and address of the link layer, CC, session number, frame number, block counter. */
function initialVector(bytes: Uint8Array, control: number, session: number): Uint8Array {
  const vector = new Uint8Array(16);
  vector.set(addressBytes(bytes, LINK_ADDRESS));
  vector[8] = (bytes[control] as number) & ~REPEATER_BITS;
  vector.set(bytes.subarray(session, session + 4), 9);
  return vector;
}
