/**
 * A simulated meter's calendar. A meter knows local time without a zone; the simulated ones are set to UTC.
 *
 * @module
 */

/** The first moment of the month that `at` (ms since 1970) lies in. */
export function firstOfMonth(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

/** A moment of the last day of the month before: a meter's due date. */
export function lastDayBefore(at: number): number {
  return firstOfMonth(at) - 1;
}

/** `2026-01-31`. */
export function dayText(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** `2026-01-31T11:59`. */
export function clockText(at: number): string {
  return new Date(at).toISOString().slice(0, 16);
}

/** EN 13757-3, data type G: a date in two bytes. */
export function encodeDay(at: number): Uint8Array {
  const date = new Date(at);
  const year = date.getUTCFullYear() % 100;
  return Uint8Array.of(date.getUTCDate() | ((year & 7) << 5), (date.getUTCMonth() + 1) | ((year >> 3) << 4));
}

/** EN 13757-3, data type F: minute, hour and the bytes of type G. */
export function encodeDateTime(at: number): Uint8Array {
  const date = new Date(at);
  return Uint8Array.of(date.getUTCMinutes(), date.getUTCHours(), ...encodeDay(at));
}

/** EN 13757-3, data type F (four bytes) or I (six), of this century; the inverse of {@linkcode encodeDateTime}. */
export function readDateTime(bytes: Uint8Array): number {
  const [second = 0, minute = 0, hour = 0, day = 0, month = 0] = bytes.length < 6 ? [0, ...bytes] : bytes;
  const year = (day >> 5) | ((month >> 4) << 3);
  return Date.UTC(2000 + year, (month & 0x0f) - 1, day & 0x1f, hour & 0x1f, minute & 0x3f, second & 0x3f);
}
