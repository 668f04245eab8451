import { ConfigurationError } from "@mbus-gateway/resource";

/** The address of the meter that was selected by its secondary address (EN 13757-3, 11). */
export const SELECTED = 0xfd;
/** The address at which every meter answers: for a bench with a single one (EN 13757-2, 5.7.5). */
export const EVERY_ANSWERS = 0xfe;
/** The address that every meter hears and none answers. */
export const BROADCAST = 0xff;

/**
 * The meter asked for: by its primary address, or by the eight bytes of its secondary address, with its fabrication
 * number where two meters have the same.
 */
export type BusAddress =
  | { kind: "primary"; text: string; address: number }
  | {
    kind: "secondary";
    text: string;
    address: typeof SELECTED;
    selection: Uint8Array<ArrayBuffer>;
    /** Four bytes in the order of the wire; null for plain selection. */
    fabricationNumber: Uint8Array<ArrayBuffer> | null;
  };

/**
 * Reads a meter's address: `p0` to `p250`; `p253` (who is selected), `p254` (whoever is there) and `p255` (all, and none
 * answers); or 16 hexadecimal digits: eight of the identification number as printed on the meter, then manufacturer,
 * version and device type in the order of the wire. An `F` in the identification and a byte `FF` behind it stand for
 * anything. Behind a stroke eight digits of the fabrication number may follow, for meters that share all sixteen
 * (enhanced selection, EN 13757-3, 11.5).
 *
 * @throws {ConfigurationError} when it is none of these.
 *
 * @example
 * ```ts ignore
 * parseBusAddress("p5").address; // 5
 * parseBusAddress("12345678" + "2423" + "28" + "04"); // selection 78 56 34 12 24 23 28 04
 * parseBusAddress("1234567824232804/00004711"); // the one of them with this fabrication number
 * ```
 */
export function parseBusAddress(text: string): BusAddress {
  const primary = /^p(0|[1-9][0-9]{0,2})$/.exec(text);
  const number = Number(primary?.[1]);
  if (number <= 250 || number >= SELECTED && number <= BROADCAST) return { kind: "primary", text, address: number };
  const secondary = /^([0-9A-F]{16})(?:\/([0-9A-F]{8}))?$/.exec(text.toUpperCase());
  if (secondary === null) {
    throw new ConfigurationError(
      `Cannot use address: "${text}" is no meter's, expected p0 to p250 or 16 hexadecimal digits`,
    );
  }
  const [whole, selection = "", fabricationNumber] = secondary;
  const bytes = Uint8Array.fromHex(selection);
  bytes.subarray(0, 4).reverse(); // the identification travels least significant byte first
  return {
    kind: "secondary",
    text: whole,
    address: SELECTED,
    selection: bytes,
    fabricationNumber: fabricationNumber === undefined ? null : Uint8Array.fromHex(fabricationNumber).reverse(),
  };
}

/** The secondary address of the eight bytes of the wire, as {@linkcode parseBusAddress} reads it. */
export function secondaryText(identity: Uint8Array): string {
  return identity.slice(0, 4).reverse().toHex().toUpperCase() + identity.subarray(4, 8).toHex().toUpperCase();
}

/**
 * Whether a meter that says `identity` is one that `selection` selects (EN 13757-3, 11.3): eight bytes each, in the
 * order of the wire.
 */
export function selects(selection: Uint8Array, identity: Uint8Array): boolean {
  if (selection.length !== 8 || identity.length !== 8) return false;
  for (const [i, asked] of selection.entries()) {
    const told = identity[i] as number;
    if (asked === told || asked === 0xff) continue;
    if (i >= 4) return false;
    const high = asked >> 4 === 0xf || asked >> 4 === told >> 4;
    const low = (asked & 0xf) === 0xf || (asked & 0xf) === (told & 0xf);
    if (!high || !low) return false;
  }
  return true;
}
