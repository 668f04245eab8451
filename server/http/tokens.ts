import { createHash, randomBytes } from "node:crypto";

/**
 * A new secret for an API client or a gateway: "mbg_" and 256 random bits in base64url. It is shown once; the database
 * keeps its hash.
 */
export function newToken(): string {
  return `mbg_${randomBytes(32).toString("base64url")}`;
}

/**
 * The SHA-256 of a token. 256 random bits cannot be guessed, so the hash needs neither salt nor slowness, and a look-up
 * by the hash gives nothing away about the token by its time.
 */
export function hashToken(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}
