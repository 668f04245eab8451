import { ConfigurationError } from "@mbus-gateway/resource";

/**
 * The kernel's `struct termios` on Linux, the same on x86-64 and arm64: four 32-bit words of flags, the line
 * discipline, 19 control characters. The kernel's own structure and not libc's: that one changed the meaning of its
 * speeds with glibc 2.42.
 */
export const TERMIOS_BYTES = 36;

/** Requests to `ioctl` on a tty (asm-generic/ioctls.h). */
export const IOCTL = {
  getAttributes: 0x5401n,
  setAttributes: 0x5402n,
  drain: 0x5409n,
  flush: 0x540bn,
  exclusive: 0x540cn,
  notExclusive: 0x540dn,
} as const;

/** `ioctl` flush: what was received and what was not sent. */
export const FLUSH_BOTH = 2n;

/** The coded speeds that level converters know, by bits a second. */
const SPEEDS: Record<number, number> = {
  300: 0o7,
  600: 0o10,
  1200: 0o11,
  2400: 0o13,
  4800: 0o14,
  9600: 0o15,
  19200: 0o16,
  38400: 0o17,
  57600: 0o10001,
  115200: 0o10002,
};
const SPEED_MASK = 0o10017;

const IFLAG = 0;
const OFLAG = 4;
const CFLAG = 8;
const LFLAG = 12;
const CC = 17;
const VTIME = 5;
const VMIN = 6;

/** A character with a parity error is read as 0, so that a checksum fails and no wrong byte passes. */
const INPCK = 0o20;
const CS7 = 0o40;
const CS8 = 0o60;
const CSTOPB = 0o100;
const CREAD = 0o200;
const PARENB = 0o400;
const PARODD = 0o1000;
const CLOCAL = 0o4000;
const PARITY_MASK = PARENB | PARODD;

export interface LineSettings {
  /** Bits a second. */
  baudRate: number;
  dataBits: 7 | 8;
  parity: "none" | "even" | "odd";
  stopBits: 1 | 2;
}

/**
 * Attributes for a raw line: no echo, no translation, no flow control, modem lines ignored.
 *
 * @throws {ConfigurationError} for a baud rate that has no code.
 */
export function rawAttributes({ baudRate, dataBits, parity, stopBits }: LineSettings): Uint8Array<ArrayBuffer> {
  const attributes = new Uint8Array(TERMIOS_BYTES);
  const view = new DataView(attributes.buffer);
  view.setUint32(IFLAG, parity === "none" ? 0 : INPCK, true);
  view.setUint32(OFLAG, 0, true);
  view.setUint32(
    CFLAG,
    speedCode(baudRate) | (dataBits === 8 ? CS8 : CS7) | (stopBits === 2 ? CSTOPB : 0) | CREAD | CLOCAL |
      (parity === "none" ? 0 : parity === "even" ? PARENB : PARITY_MASK),
    true,
  );
  view.setUint32(LFLAG, 0, true);
  attributes[CC + VMIN] = 1;
  attributes[CC + VTIME] = 0;
  return attributes;
}

/**
 * The same attributes with another speed.
 *
 * @throws {ConfigurationError} for a baud rate that has no code.
 */
export function withBaudRate(attributes: Uint8Array, baudRate: number): Uint8Array<ArrayBuffer> {
  const changed = new Uint8Array(attributes);
  const view = new DataView(changed.buffer);
  view.setUint32(CFLAG, view.getUint32(CFLAG, true) & ~SPEED_MASK | speedCode(baudRate), true);
  return changed;
}

/** What the driver made of the attributes it was given: it reports success even if it took only some of them. */
export function difference(asked: Uint8Array, got: Uint8Array): "none" | "parity" | "other" {
  const differing = controlFlags(asked) ^ controlFlags(got);
  if (differing === 0) return "none";
  return (differing & ~PARITY_MASK) === 0 ? "parity" : "other";
}

/** Bits a second of these attributes, `null` for a speed without a code here. */
export function baudRateOf(attributes: Uint8Array): number | null {
  const code = controlFlags(attributes) & SPEED_MASK;
  const found = Object.entries(SPEEDS).find(([, value]) => value === code);
  return found ? Number(found[0]) : null;
}

function controlFlags(attributes: Uint8Array): number {
  return new DataView(attributes.buffer, attributes.byteOffset).getUint32(CFLAG, true);
}

function speedCode(baudRate: number): number {
  const code = SPEEDS[baudRate];
  if (code !== undefined) return code;
  throw new ConfigurationError(`Cannot use baud rate ${baudRate}: expected one of ${Object.keys(SPEEDS).join(", ")}`);
}
