import { createCipheriv, createDecipheriv } from "node:crypto";
import { concatBytes } from "../encode_record.ts";

/** The block of AES, and the length of an AES-128 key. */
export const AES_BLOCK = 16;

/** An initialisation vector, or a block, of zeros. */
export const ZERO_BLOCK: Uint8Array = new Uint8Array(AES_BLOCK);

/**
 * AES-128-CBC without padding.
 *
 * @param data whole blocks.
 */
export function encryptCbc(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false);
  return concatBytes([cipher.update(data), cipher.final()]);
}

/** The inverse of {@linkcode encryptCbc}. */
export function decryptCbc(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const decipher = createDecipheriv("aes-128-cbc", key, iv).setAutoPadding(false);
  return concatBytes([decipher.update(data), decipher.final()]);
}

/** AES-128-CTR, which is its own inverse; the counter is the whole vector, most significant byte first. */
export function cryptCtr(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv("aes-128-ctr", key, iv);
  return concatBytes([cipher.update(data), cipher.final()]);
}
