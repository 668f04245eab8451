/** x^16 + x^13 + x^12 + x^11 + x^10 + x^8 + x^6 + x^5 + x^2 + 1 (EN 13757-4). */
const POLYNOMIAL = 0x3d65;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : crc << 1 ^ POLYNOMIAL;
  return crc;
});

/**
 * The CRC of EN 13757 over the bytes from `start` until `end`: of link layer blocks, of an extended link layer's
 * payload, of compact frames and their formats.
 */
export function crc16(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let crc = 0;
  for (let i = start; i < end; i++) {
    crc = (crc << 8 ^ (TABLE[(crc >> 8 ^ (bytes[i] as number)) & 0xff] as number)) & 0xffff;
  }
  return crc ^ 0xffff;
}
