import { DeviceError } from "@mbus-gateway/resource";
import { cString, errno, libc } from "./libc.ts";
import { realPathOrNull } from "./libc_files.ts";
import {
  difference,
  FLUSH_BOTH,
  IOCTL,
  type LineSettings,
  rawAttributes,
  TERMIOS_BYTES,
  withBaudRate,
} from "./termios.ts";

/** Error numbers of Linux, the same on x86-64 and arm64. */
export const EINTR = 4;
export const EAGAIN = 11;
const ENOENT = 2;
const EACCES = 13;
const EBUSY = 16;

const O_RDWR = 0o2;
const O_NOCTTY = 0o400;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const O_NOFOLLOW = Deno.build.arch === "aarch64" ? 0o100000 : 0o400000;
const LOCK_EX_NB = 2 | 4;

/** What may be opened, once links are resolved: terminals and pseudo-terminals. */
const DEVICE = /^\/dev\/(?:tty[A-Za-z0-9._-]+|pts\/[0-9]+)$/;
const PSEUDO_TERMINAL = /^\/dev\/pts\//;

/**
 * Opens a serial port, locks it against others and sets its line.
 *
 * @param path of the device, or of a link to it such as those under `/dev/serial/by-id`.
 * @returns a file descriptor, non-blocking; close it with {@linkcode closeTty}.
 * @throws {DeviceError} a sentence that says what to do: no such device, not one, held by another, not permitted.
 */
export function openTty(path: string, settings: LineSettings): number {
  const device = realPath(path);
  if (!DEVICE.test(device)) {
    throw new DeviceError(`Cannot open ${path}: it is ${device}, expected a device such as /dev/ttyUSB0`);
  }
  const fd = libc().open(cString(device), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) throw cannotOpen(path, errno());
  try {
    if (libc().flock(fd, LOCK_EX_NB) < 0) throw cannotOpen(path, EBUSY);
    // The lock is advisory; this refuses the programs that do not ask for it.
    if (libc().ioctl(fd, IOCTL.exclusive, 0n) < 0) throw cannotOpen(path, errno());
    applyAttributes(fd, path, rawAttributes(settings), PSEUDO_TERMINAL.test(device));
    flushTty(fd);
    return fd;
  } catch (thrown) {
    closeTty(fd);
    throw thrown;
  }
}

/**
 * Unlocks and closes what {@linkcode openTty} opened. What was not sent is dropped: to send it to a line that hangs, the
 * system would hold up the whole process.
 */
export function closeTty(fd: number) {
  flushTty(fd);
  libc().ioctl(fd, IOCTL.notExclusive, 0n);
  libc().close(fd);
}

/** Forgets what the driver received and has not handed over, and what it has not sent yet. */
export function flushTty(fd: number) {
  libc().ioctl(fd, IOCTL.flush, FLUSH_BOTH);
}

/**
 * Changes the speed of an open port at once.
 *
 * @throws {DeviceError} when the driver cannot do it.
 */
export function setTtyBaudRate(fd: number, path: string, baudRate: number) {
  applyAttributes(fd, path, withBaudRate(readAttributes(fd, path), baudRate), true);
}

/** The driver's attributes of an open port. */
export function readAttributes(fd: number, path: string): Uint8Array<ArrayBuffer> {
  const attributes = new Uint8Array(TERMIOS_BYTES);
  if (libc().ioctlBuffer(fd, IOCTL.getAttributes, attributes) < 0) {
    throw new DeviceError(`Cannot use ${path}: it is no serial line (error ${errno()})`);
  }
  return attributes;
}

function applyAttributes(fd: number, path: string, asked: Uint8Array<ArrayBuffer>, mayLackParity: boolean) {
  readAttributes(fd, path); // says in words that it is no serial line
  const failed = libc().ioctlBuffer(fd, IOCTL.setAttributes, asked) < 0 ? errno() : 0;
  const missing = difference(asked, readAttributes(fd, path));
  // A pseudo-terminal has no parity: nothing is on a wire there.
  if (failed === 0 && (missing === "none" || (missing === "parity" && mayLackParity))) return;
  const what = missing === "parity" ? "the parity" : "baud rate, data bits or stop bits";
  throw new DeviceError(`Cannot set up ${path}: its driver does not take ${what} (error ${failed})`);
}

function realPath(path: string): string {
  const resolved = realPathOrNull(path);
  if (resolved === null) throw cannotOpen(path, errno());
  return resolved;
}

function cannotOpen(path: string, code: number): DeviceError {
  const sentences: Record<number, string> = {
    [ENOENT]: "there is no such device; is the adapter plugged in? See `ls /dev/serial/by-id`",
    [EACCES]: "permission denied; add this program's user to the group `dialout`",
    [EBUSY]: "another program holds it; `fuser -v` with this path names it",
  };
  return new DeviceError(`Cannot open ${path}: ${sentences[code] ?? `the system reports error ${code}`}`);
}
