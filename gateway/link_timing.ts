/** A character on the M-Bus: start bit, eight data bits, even parity, stop bit (EN 13757-2). */
const BITS_A_CHARACTER = 11;
/** The most bytes of one frame: 68 L L 68, 255 bytes, checksum, 16. */
export const MAX_LINK_FRAME_BYTES = 261;

/** Milliseconds that so many bytes take on the line. */
export function transmissionMs(bytes: number, baudRate: number): number {
  return bytes * BITS_A_CHARACTER * 1000 / baudRate;
}

/** The longest a meter may think before its answer begins: 330 bit times and 50 ms (EN 13757-2), in milliseconds. */
export function longestThoughtMs(baudRate: number): number {
  return 330_000 / baudRate + 50;
}

/** The shortest: 11 bit times (EN 13757-2), in milliseconds. */
export function shortestThoughtMs(baudRate: number): number {
  return 11_000 / baudRate;
}

/** How long an idle line separates frames: 33 bit times (EN 13757-2), in milliseconds. */
export function idleMs(baudRate: number): number {
  return 33_000 / baudRate;
}
