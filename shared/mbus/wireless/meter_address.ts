import { identificationText } from "../identification.ts";
import { manufacturerAt } from "../manufacturer.ts";

/** A meter's own address: what its keys are kept under. */
export interface MeterAddress {
  /** Three letters. */
  manufacturer: string;
  /** Eight digits, leading zeros kept; some makers use hex digits. */
  identification: string;
  /** The meter's version or generation, 0 to 255. */
  version: number;
  /** 0 to 255. */
  deviceTypeCode: number;
}

/**
 * The AES-128 key (16 bytes) of a meter; undefined or null where none is known.
 *
 * @example
 * ```ts
 * import { fromHex } from "@mbus-gateway/mbus";
 * const keys = new Map([["KAM/12345678", fromHex("000102030405060708090A0B0C0D0E0F")]]);
 * const lookUp = (meter: { manufacturer: string; identification: string }) =>
 *   keys.get(`${meter.manufacturer}/${meter.identification}`);
 * ```
 */
export type KeyLookup = (meter: MeterAddress) => Uint8Array | undefined | null;

/** Where the parts of a meter's address begin in the bytes of a frame, and what key material they give. */
export interface AddressPlace {
  /** Four bytes. */
  identification: number;
  /** Two bytes. */
  manufacturer: number;
  /** One byte. */
  version: number;
  /** One byte. */
  deviceType: number;
}

/** EN 13757-4: L, C, then manufacturer, identification, version, device type. */
export const LINK_ADDRESS: AddressPlace = Object.freeze({
  manufacturer: 2,
  identification: 4,
  version: 8,
  deviceType: 9,
});

/** EN 13757-7, long header that begins at `start`: identification, manufacturer, version, device type. */
export function longHeaderAddress(start: number): AddressPlace {
  return { identification: start, manufacturer: start + 4, version: start + 6, deviceType: start + 7 };
}

/** The address as its texts and numbers. */
export function addressAt(bytes: Uint8Array, place: AddressPlace): MeterAddress {
  return {
    manufacturer: manufacturerAt(bytes, place.manufacturer),
    identification: identificationText(bytes, place.identification),
    version: bytes[place.version] as number,
    deviceTypeCode: bytes[place.deviceType] as number,
  };
}

/** Manufacturer, identification, version, device type in wire order: how all ciphers begin their vectors. */
export function addressBytes(bytes: Uint8Array, place: AddressPlace): Uint8Array<ArrayBuffer> {
  const address = new Uint8Array(8);
  address.set(bytes.subarray(place.manufacturer, place.manufacturer + 2));
  address.set(bytes.subarray(place.identification, place.identification + 4), 2);
  address[6] = bytes[place.version] as number;
  address[7] = bytes[place.deviceType] as number;
  return address;
}

/** How a message names a meter. */
export function meterName({ manufacturer, identification }: MeterAddress): string {
  return `meter ${manufacturer} ${identification}`;
}
