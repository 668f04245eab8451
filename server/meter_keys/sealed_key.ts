import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

/** The server's secret: what meter keys are sealed under. 32 bytes. */
export interface KeySecret {
  /** Eight hex digits of its SHA-256, by which a sealed key says what opens it. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Whose key it is; a sealed key opens for this meter of this tenant only. */
export interface KeyOwner {
  tenantId: number;
  manufacturer: string;
  identification: string;
}

const NONCE = 12;
const TAG = 16;

/** The secret with its id. */
export function keySecret(bytes: Uint8Array): KeySecret {
  return { id: createHash("sha256").update(bytes).digest("hex").slice(0, 8), bytes };
}

/**
 * Seals a meter's key: AES-256-GCM, bound to its owner, so that a row which was copied to another meter or tenant does
 * not open.
 *
 * @returns nonce, ciphertext and tag in one.
 */
export function sealKey({ bytes }: KeySecret, owner: KeyOwner, key: Uint8Array): Uint8Array<ArrayBuffer> {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", bytes, nonce).setAAD(nameOf(owner));
  const sealed = Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
  return new Uint8Array(sealed);
}

/** The key again; null where the secret, the owner or the bytes are not those that it was sealed with. */
export function openKey({ bytes }: KeySecret, owner: KeyOwner, sealed: Uint8Array): Uint8Array | null {
  if (sealed.length <= NONCE + TAG) return null;
  const nonce = sealed.subarray(0, NONCE);
  const decipher = createDecipheriv("aes-256-gcm", bytes, nonce).setAAD(nameOf(owner));
  decipher.setAuthTag(sealed.subarray(-TAG));
  try {
    return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()]));
  } catch {
    return null; // the tag does not fit: that is all that GCM says
  }
}

/** By what a person tells two keys apart: eight hex digits of SHA-256 over owner and key. */
export function keyFingerprint(owner: KeyOwner, key: Uint8Array): string {
  return createHash("sha256").update(nameOf(owner)).update(key).digest("hex").slice(0, 8);
}

function nameOf({ tenantId, manufacturer, identification }: KeyOwner): Uint8Array {
  return new TextEncoder().encode(`${tenantId} ${manufacturer} ${identification}`);
}
