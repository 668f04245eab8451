import { AES_BLOCK, decryptCbc } from "./crypto/aes.ts";
import { TelegramError } from "./telegram_error.ts";
import type { VariableData } from "./variable_data.ts";
import { addressAt, addressBytes, type KeyLookup, longHeaderAddress, meterName } from "./wireless/meter_address.ts";
import { MODE_5 } from "./wireless/security.ts";

/** The long header of a wired telegram and the payload behind it. */
export interface WiredPayload {
  /** The telegram, with the least significant byte of the header's numbers first. */
  ordered: Uint8Array;
  /** Where the long header begins; -1 where the telegram's header names no meter. */
  header: number;
  /** Where the payload begins, behind the configuration word. */
  start: number;
  /** Behind its last byte. */
  end: number;
}

/** The telegram with its payload in the clear, and the name of the mode. */
export interface ClearPayload {
  /** A copy of the telegram. */
  bytes: Uint8Array;
  /** The security mode's name. */
  encryption: string;
}

const FILLER = 0x2f;
const ACCESS_NUMBER = 8;

/** Security mode 5 (EN 13757-7) on a wire, where a key is known; null where none is, or what it decrypts proves nothing. */
export function decryptWired(payload: WiredPayload, keys: KeyLookup | undefined): ClearPayload | null {
  const { ordered, header, start } = payload;
  const { mode, length } = announced(payload);
  if (keys === undefined || header < 0 || mode !== 5 || length === 0) return null;
  const place = longHeaderAddress(header);
  const key = keys(addressAt(ordered, place)) ?? null;
  if (key === null || key.length !== AES_BLOCK) return null;
  const vector = new Uint8Array(AES_BLOCK).fill(ordered[header + ACCESS_NUMBER] as number);
  vector.set(addressBytes(ordered, place));
  const clear = decryptCbc(key, vector, ordered.subarray(start, start + length));
  if (clear[0] !== FILLER || clear[1] !== FILLER) return null;
  const bytes = ordered.slice();
  bytes.set(clear, start);
  return { bytes, encryption: MODE_5 };
}

/** Security modes that meters may have (EN 13757-7); any other number is junk in the configuration word. */
const MODES = new Set([2, 3, 5, 7, 8, 9, 10, 13]);
/** Of these it is known how encrypted bytes look, whether they can be read by chance or not. */
const AES_MODES = new Set([5, 7]);

/**
 * On a wire the configuration word is often junk, so it proves nothing. It counts only where it names a security mode
 * and blocks that are there, and the bytes cannot be read in the clear. One in ten encrypted payloads can be, by
 * chance: where the mode is one of AES, what comes out must make sense, too.
 *
 * @param variable what was read, undecrypted.
 * @throws {TelegramError} `key_missing`, `key_wrong` or `unsupported`; each names the meter.
 */
export function refuseEncrypted(payload: WiredPayload, variable: VariableData, keys: KeyLookup | undefined): void {
  const { mode, length } = announced(payload);
  if (length === 0 || !MODES.has(mode)) return;
  const { ordered, header, start } = payload;
  const broken = variable.truncated !== null || variable.undecoded !== null;
  if (!broken && !(AES_MODES.has(mode) && looksEncrypted(ordered, start, start + length, variable))) return;
  const address = header < 0 ? null : addressAt(ordered, longHeaderAddress(header));
  const meter = address === null ? "the meter" : meterName(address);
  const known = address !== null && (keys?.(address) ?? null) !== null;
  const refuse = (code: "key_missing" | "key_wrong" | "unsupported", problem: string) =>
    new TelegramError(code, `Cannot decode telegram: ${problem} (offset ${start})`, start);
  if (!known) throw refuse("key_missing", `${meter} encrypts its data (mode ${mode}) and no key is known`);
  if (mode !== 5) throw refuse("unsupported", `${meter} uses security mode ${mode}, which is not built in on a wire`);
  throw refuse("key_wrong", `the key does not fit ${meter}: what it decrypts does not begin with 2F2F`);
}

/** More than any meter counts. */
const UNLIKELY_STORAGE = 1_000_000;
const UNLIKELY_TARIFF = 1_000;

/**
 * Whether bytes that could be read are still likely to be encrypted: they give records that no meter sends, or have
 * next to no zeros, of which registers are full.
 */
function looksEncrypted(bytes: Uint8Array, start: number, end: number, { records }: VariableData): boolean {
  if (bytes[start] === FILLER && bytes[start + 1] === FILLER) return false;
  let zeros = 0;
  for (let at = start; at < end; at++) if (bytes[at] === 0) zeros++;
  if (zeros < (end - start) / AES_BLOCK) return true;
  return records.some(({ error, storageNumber, tariff, quantity }) =>
    error !== null || storageNumber > UNLIKELY_STORAGE || tariff > UNLIKELY_TARIFF || quantity === "reserved"
  );
}

/** What the configuration word says: mode, and how many bytes are encrypted; 0 where that cannot be. */
function announced({ ordered, start, end }: WiredPayload): { mode: number; length: number } {
  const mode = (ordered[start - 1] as number) & 0x1f;
  const length = ((ordered[start - 2] as number) >> 4) * AES_BLOCK;
  return { mode, length: mode === 0 || mode === 0x1f || length > end - start ? 0 : length };
}
