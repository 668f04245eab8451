import { ConfigurationError } from "@mbus-gateway/resource";

/** The address of the meter that was selected by its secondary address (EN 13757-3, 11). */
export const SELECTED = 0xfd;

/** The meter asked for: by its primary address, 0 to 250, or by the eight bytes of its secondary address. */
export type BusAddress =
  | { kind: "primary"; text: string; address: number }
  | { kind: "secondary"; text: string; address: typeof SELECTED; selection: Uint8Array<ArrayBuffer> };

/**
 * Reads a meter's address: `p0` to `p250`, or 16 hexadecimal digits: eight of the identification number as printed on
 * the meter, then manufacturer, version and device type in the order of the wire. An `F` in the identification and a
 * byte `FF` behind it stand for anything.
 *
 * @throws {ConfigurationError} when it is neither.
 *
 * @example
 * ```ts ignore
 * parseBusAddress("p5").address; // 5
 * parseBusAddress("12345678" + "2423" + "28" + "04"); // selection 78 56 34 12 24 23 28 04
 * ```
 */
export function parseBusAddress(text: string): BusAddress {
  const primary = /^p(0|[1-9][0-9]{0,2})$/.exec(text);
  if (primary && Number(primary[1]) <= 250) return { kind: "primary", text, address: Number(primary[1]) };
  if (!/^[0-9A-Fa-f]{16}$/.test(text)) {
    throw new ConfigurationError(
      `Cannot use address: "${text}" is no meter's, expected p0 to p250 or 16 hexadecimal digits`,
    );
  }
  const bytes = Uint8Array.fromHex(text);
  bytes.subarray(0, 4).reverse(); // the identification travels least significant byte first
  return { kind: "secondary", text: text.toUpperCase(), address: SELECTED, selection: bytes };
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
