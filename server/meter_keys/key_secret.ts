import { randomBytes } from "node:crypto";
import { ConfigurationError, type Log } from "@mbus-gateway/resource";
import { type KeySecret, keySecret } from "./sealed_key.ts";

const SECRET_BYTES = 32;
const HOW_TO_MAKE = "umask 077; openssl rand -hex 32 > meter-keys.secret";

/** Where the secrets lie. */
export interface KeySecretFiles {
  /** Null: meter keys cannot be kept. */
  current: string | null;
  /** The one before, while keys are being moved from it (`meter-keys rotate`). */
  old: string | null;
  /** Whether a missing current one is made, readable for this user alone. */
  make: boolean;
}

/** The secrets that seal (the first) and open meter keys. */
export interface KeySecrets {
  current: KeySecret | null;
  all: readonly KeySecret[];
}

/**
 * Reads the secrets: 32 bytes as 64 hex digits or as base64.
 *
 * @throws {ConfigurationError} when a file is missing or holds something else; the text never has what it holds.
 */
export function readKeySecrets({ current, old, make }: KeySecretFiles, log: Log): KeySecrets {
  const first = current === null ? null : readOrMake(current, make, log);
  const second = old === null ? null : read("METER_KEYS_OLD_SECRET_FILE", old);
  if (old !== null && second === null) throw missing("METER_KEYS_OLD_SECRET_FILE", old);
  return { current: first, all: [first, second].flatMap((secret) => secret ?? []) };
}

function readOrMake(file: string, make: boolean, log: Log): KeySecret {
  const there = read("METER_KEYS_SECRET_FILE", file);
  if (there !== null) return there;
  if (!make) throw missing("METER_KEYS_SECRET_FILE", file);
  const bytes = new Uint8Array(randomBytes(SECRET_BYTES));
  using made = Deno.openSync(file, { createNew: true, write: true, mode: 0o600 });
  made.writeSync(new TextEncoder().encode(`${bytes.toHex()}\n`));
  made.syncSync();
  log.info("Made the secret under which meter keys are sealed; keep a copy of it apart from the database", { file });
  return keySecret(bytes);
}

function read(variable: string, file: string): KeySecret | null {
  let text;
  try {
    text = Deno.readTextFileSync(file).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const bytes = bytesOf(text);
  if (bytes?.length === SECRET_BYTES) return keySecret(bytes);
  throw new ConfigurationError(
    `Cannot use ${variable} ${file}: it holds no ${SECRET_BYTES} bytes as hex or base64; make it with ${HOW_TO_MAKE}`,
  );
}

function bytesOf(text: string): Uint8Array | null {
  try {
    return /^[0-9A-Fa-f]{64}$/.test(text) ? Uint8Array.fromHex(text) : Uint8Array.fromBase64(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function missing(variable: string, file: string): ConfigurationError {
  return new ConfigurationError(`Cannot read ${variable} ${file}: there is no such file; make it with ${HOW_TO_MAKE}`);
}
