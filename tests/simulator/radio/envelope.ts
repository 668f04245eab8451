import { createCipheriv } from "node:crypto";
import { encodeWirelessTelegram } from "@mbus-gateway/mbus";
import type { MeterIdentity } from "../meter.ts";
import { manufacturerCode } from "../telegram.ts";

/** How a simulated wireless meter encrypts (EN 13757-7): not, or by security mode 5 or 7. */
export type Secrecy = { mode: 0 } | { mode: 5 | 7; key: Uint8Array };

export interface EnvelopeOptions {
  accessNumber: number;
  /** For mode 7: never the same twice. */
  messageCounter: number;
  secrecy: Secrecy;
}

const SHORT_HEADER = 0x7a;
const FRAGMENTATION_LAYER = 0x90;
const FILLER = 0x2f;
const BLOCK = 16;
const NO_VECTOR = new Uint8Array(BLOCK);

/**
 * Puts records into wireless frames: without CRCs and with those of a frame format. Only the link layer is the project's
 * own encoder's; encryption and authentication are written out here, so that they cannot agree with a wrong decoder.
 */
export function wirelessFrames(
  meter: MeterIdentity,
  records: Uint8Array,
  format: "A" | "B",
  options: EnvelopeOptions,
): { plain: Uint8Array; coded: Uint8Array } {
  const [ci, ...data] = message(meter, records, options);
  const telegram = { ...meter, payload: { ci: ci as number, data: Uint8Array.from(data) } };
  return { plain: encodeWirelessTelegram(telegram), coded: encodeWirelessTelegram({ ...telegram, format }) };
}

function message(meter: MeterIdentity, records: Uint8Array, options: EnvelopeOptions): number[] {
  const { secrecy, accessNumber, messageCounter } = options;
  const header = [SHORT_HEADER, accessNumber, 0x00];
  if (secrecy.mode === 0) return [...header, 0x00, 0x00, ...records];
  const payload = padded(records);
  const blocks = payload.length / BLOCK << 4;
  if (secrecy.mode === 5) {
    const vector = Uint8Array.from([...linkAddress(meter), ...new Uint8Array(8).fill(accessNumber)]);
    return [...header, blocks, 0x05, ...cbc(secrecy.key, vector, payload)];
  }
  const counter = [...littleEndian(messageCounter)];
  const derive = (purpose: number) =>
    cmac(secrecy.key, Uint8Array.from([purpose, ...counter, ...linkAddress(meter).slice(2, 6), ...Array(7).fill(7)]));
  const transport = [...header, blocks, 0x07, 0x10, ...cbc(derive(0), NO_VECTOR, payload)];
  const code = cmac(derive(1), Uint8Array.from([0x25, ...counter, ...transport])).subarray(0, 8);
  return [FRAGMENTATION_LAYER, 15, 0x00, 0x2c, 0x25, ...counter, ...code, ...transport];
}

/** Manufacturer, identification, version, device type, as the link layer has them. */
function linkAddress({ manufacturer, identification, version, deviceTypeCode }: MeterIdentity): number[] {
  return [...manufacturerCode(manufacturer), ...Uint8Array.fromHex(identification).reverse(), version, deviceTypeCode];
}

function padded(records: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil((records.length + 2) / BLOCK) * BLOCK).fill(FILLER);
  whole.set(records, 2);
  return whole;
}

function cbc(key: Uint8Array, vector: Uint8Array, bytes: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-cbc", key, vector).setAutoPadding(false);
  return new Uint8Array([...cipher.update(bytes), ...cipher.final()]);
}

/** AES-CMAC (RFC 4493): the last block of a CBC whose last block was mixed with a subkey. */
function cmac(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const whole = bytes.length > 0 && bytes.length % BLOCK === 0;
  const blocks = new Uint8Array(Math.max(1, Math.ceil(bytes.length / BLOCK)) * BLOCK);
  blocks.set(bytes);
  if (!whole) blocks[bytes.length] = 0x80;
  const once = doubled(cbc(key, NO_VECTOR, NO_VECTOR));
  const subkey = whole ? once : doubled(once);
  for (let i = 0; i < BLOCK; i++) {
    const at = blocks.length - BLOCK + i;
    blocks[at] = (blocks[at] as number) ^ (subkey[i] as number);
  }
  return cbc(key, NO_VECTOR, blocks).slice(-BLOCK);
}

function doubled(block: Uint8Array): Uint8Array {
  const shifted = block.map((byte, i) => byte << 1 | (block[i + 1] ?? 0) >> 7);
  if (((block[0] as number) & 0x80) !== 0) shifted[BLOCK - 1] = (shifted[BLOCK - 1] as number) ^ 0x87;
  return shifted;
}

function littleEndian(value: number): Uint8Array {
  return Uint8Array.from({ length: 4 }, (_, place) => value >>> 8 * place & 0xff);
}
