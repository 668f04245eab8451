import { AES_BLOCK, decryptCbc, ZERO_BLOCK } from "../crypto/aes.ts";
import { cmac } from "../crypto/cmac.ts";
import { concatBytes } from "../encode_record.ts";
import type { FragmentationLayer } from "./fragmentation_layer.ts";
import { addressBytes, meterName } from "./meter_address.ts";
import type { Passage } from "./passage.ts";

/** What the transport layer's header says about its security. */
export interface TransportSecurity {
  /** The security mode, bits 8 to 12 of the configuration word. */
  mode: number;
  /** How many blocks of 16 bytes are encrypted, from the first byte behind the header. */
  blocks: number;
  /** The third byte of the configuration, which mode 7 has: how the key is derived. */
  derivation: number;
  /** Where the access number stands that belongs to the initialisation vector. */
  accessNumber: number;
  /** Where the CI field of the transport layer stands: from here on the message is authenticated. */
  ci: number;
}

/** Names of security modes as a telegram's `encryption` gives them. */
export const MODE_5 = "mode_5";
/** AES-128-CBC with keys derived for each message. */
export const MODE_7 = "mode_7";

/** An encrypted payload begins with two fillers, which prove the key. */
const FILLER = 0x2f;

/**
 * Decrypts what stands from `passage.at` on (EN 13757-7, security modes 5 and 7; mode 0 is none). A payload that is clear
 * already, whatever its header says, stays as it is.
 */
export function decryptPayload(
  passage: Passage,
  security: TransportSecurity,
  fragmentation: FragmentationLayer | null,
): void {
  const { mode, blocks } = security;
  if (mode === 0 || passage.at === passage.end) return;
  const clear = isClear(passage.bytes.subarray(passage.at, passage.end));
  if (mode !== 5 && mode !== 7) {
    if (clear) return;
    const problem = `${meterName(passage.meter)} uses security mode ${mode}, which is not built in`;
    passage.fail("unsupported", problem, passage.at);
  }
  if (blocks === 0) return;
  // As many whole blocks as there are: a meter that states too many still sends what it has.
  const length = Math.min(blocks * AES_BLOCK, passage.end - passage.at & -AES_BLOCK);
  const cipherText = passage.bytes.subarray(passage.at, passage.at + length);
  if (cipherText.length === 0) {
    if (clear) return;
    passage.fail("truncated", `an encrypted payload needs ${AES_BLOCK} bytes`, passage.end);
  }
  const key = passage.key();
  if (key === null) {
    if (clear) return;
    passage.failWithoutKey(`security mode ${mode}`);
  }
  const decrypted = mode === 5
    ? decryptCbc(key, vectorOfMode5(passage, security), cipherText)
    : decryptMode7(passage, security, fragmentation, key, cipherText, clear);
  if (decrypted !== null && isClear(decrypted)) {
    return passage.replace(passage.at, decrypted, mode === 5 ? MODE_5 : MODE_7);
  }
  if (clear) return;
  const problem = `the key does not fit ${meterName(passage.meter)}: what it decrypts does not begin with 2F2F`;
  passage.fail("key_wrong", problem, passage.at);
}

function isClear(payload: Uint8Array): boolean {
  return payload[0] === FILLER && payload[1] === FILLER;
}

/** The meter's address in wire order and eight times the access number. */
function vectorOfMode5({ bytes, address }: Passage, { accessNumber }: TransportSecurity): Uint8Array {
  const vector = new Uint8Array(AES_BLOCK).fill(bytes[accessNumber] as number);
  vector.set(addressBytes(bytes, address));
  return vector;
}

/** Checks the authentication code, then decrypts; null where a clear payload makes that pointless. */
function decryptMode7(
  passage: Passage,
  security: TransportSecurity,
  fragmentation: FragmentationLayer | null,
  key: Uint8Array,
  cipherText: Uint8Array,
  clear: boolean,
): Uint8Array | null {
  const counter = fragmentation?.messageCounter ?? null;
  const derivation = security.derivation >> 4 & 3;
  if (derivation > 1 || counter === null) {
    if (clear) return null;
    const what = counter === null ? "states no message counter" : `derives keys in a way (${derivation})`;
    const problem = `${meterName(passage.meter)} ${what}${counter === null ? "" : " that is not built in"}`;
    passage.fail("unsupported", `${problem}, security mode 7`, passage.at);
  }
  const keys = derivation === 0 ? { encryption: key, authentication: key } : derivedKeys(passage, key, counter);
  if (fragmentation?.mac != null && !macFits(passage, security, fragmentation, keys.authentication)) {
    if (clear) return null;
    const problem = `the key does not fit ${meterName(passage.meter)}: it gives another authentication code`;
    passage.fail("key_wrong", problem, passage.at);
  }
  return decryptCbc(keys.encryption, ZERO_BLOCK, cipherText);
}

/** Keys for one message: CMAC over a purpose, the message counter, the identification and padding (EN 13757-7, KDF-A). */
export function deriveKey(
  key: Uint8Array,
  purpose: 0 | 1,
  counter: Uint8Array,
  identification: Uint8Array,
): Uint8Array {
  return cmac(key, concatBytes([Uint8Array.of(purpose), counter, identification, new Uint8Array(7).fill(7)]));
}

function derivedKeys({ bytes, address }: Passage, key: Uint8Array, counter: Uint8Array) {
  const identification = bytes.subarray(address.identification, address.identification + 4);
  return {
    encryption: deriveKey(key, 0, counter, identification),
    authentication: deriveKey(key, 1, counter, identification),
  };
}

/** EN 13757-7: the code is over MCL, MCR, ML where there is one, and the message from its CI field to its last byte. */
export function authenticationCode(key: Uint8Array, layer: FragmentationLayer, message: Uint8Array): Uint8Array {
  const none = new Uint8Array(0);
  const control = layer.messageControl === null ? none : Uint8Array.of(layer.messageControl);
  return cmac(key, concatBytes([control, layer.messageCounter ?? none, layer.messageLength ?? none, message]));
}

function macFits(
  { bytes, end }: Passage,
  { ci }: TransportSecurity,
  layer: FragmentationLayer,
  key: Uint8Array,
): boolean {
  const code = authenticationCode(key, layer, bytes.subarray(ci, end));
  return layer.mac?.every((byte, place) => byte === code[place]) ?? true;
}
