import { AES_BLOCK, encryptCbc, ZERO_BLOCK } from "./aes.ts";

/** What is carried out of a doubled block comes in again at the bottom (RFC 4493, const_Rb). */
const CARRY = 0x87;

/** The message authentication code of a message under an AES-128 key, 16 bytes (RFC 4493; NIST SP 800-38B). */
export function cmac(key: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  const last = doubled(encryptCbc(key, ZERO_BLOCK, ZERO_BLOCK));
  const blocks = Math.max(1, Math.ceil(message.length / AES_BLOCK));
  const padded = new Uint8Array(blocks * AES_BLOCK);
  padded.set(message);
  const whole = message.length === padded.length;
  if (!whole) padded[message.length] = 0x80;
  const mask = whole ? last : doubled(last);
  const at = padded.length - AES_BLOCK;
  for (let i = 0; i < AES_BLOCK; i++) padded[at + i] = (padded[at + i] as number) ^ (mask[i] as number);
  return encryptCbc(key, ZERO_BLOCK, padded).slice(at);
}

/** Twice the block as an element of GF(2^128). */
function doubled(block: Uint8Array): Uint8Array {
  const twice = new Uint8Array(AES_BLOCK);
  for (let i = 0; i < AES_BLOCK; i++) {
    twice[i] = (block[i] as number) << 1 | (i + 1 < AES_BLOCK ? (block[i + 1] as number) >> 7 : 0);
  }
  if (((block[0] as number) & 0x80) !== 0) twice[15] = (twice[15] as number) ^ CARRY;
  return twice;
}
