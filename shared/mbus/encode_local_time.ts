import { daysOfMonth } from "./local_date_time.ts";
import { TelegramError } from "./telegram_error.ts";

/** The date and time types of EN 13757-3, annex A: G a date, F to the minute, I to the second, J a time of day. */
export type LocalTimeType = "typeG" | "typeF" | "typeI" | "typeJ";

const SHAPES = {
  typeG: { pattern: /^(\d{4})-(\d\d)-(\d\d)$/, example: "2026-01-31", width: 2 },
  typeF: { pattern: /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::00)?$/, example: "2026-01-31T11:59", width: 4 },
  typeI: { pattern: /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/, example: "2026-01-31T11:59:58", width: 6 },
  typeJ: { pattern: /^(\d\d):(\d\d):(\d\d)$/, example: "11:59:58", width: 3 },
};

/**
 * The bytes of a local date or time.
 *
 * @param text ISO 8601 without zone, of the type's precision (F: seconds left out, or 00); null is "no date": all bits set.
 * @throws {TelegramError} `encode` when the text has another shape, names no such date, or a year that the type cannot
 * hold (G and I: 1981 to 2080; F: 1981 to 2299).
 */
export function encodeLocalTime(type: LocalTimeType, text: string | null): Uint8Array<ArrayBuffer> {
  const { pattern, example, width } = SHAPES[type];
  if (text === null) return new Uint8Array(width).fill(0xff);
  const match = pattern.exec(text);
  if (match === null) refuse(text, `expected the shape ${example}`);
  const numbers = match.slice(1).map(Number);
  if (type === "typeJ") {
    const [hour = 0, minute = 0, second = 0] = numbers;
    expectTime(text, hour, minute, second);
    return new Uint8Array([second, minute, hour]);
  }
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers;
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) refuse(text, "there is no such date");
  expectTime(text, hour, minute, second);
  if (year < 1981 || year > (type === "typeF" ? 2299 : 2080)) refuse(text, "the type cannot hold that year");
  const yearOfCentury = year % 100;
  const dayByte = day | (yearOfCentury & 7) << 5;
  const monthByte = month | yearOfCentury >> 3 << 4;
  if (type === "typeG") return new Uint8Array([dayByte, monthByte]);
  if (type === "typeI") return new Uint8Array([second, minute, hour, dayByte, monthByte, 0]);
  // 1981 to 2080 as older meters write them, without hundred-year bits
  const hundreds = year <= 2080 ? 0 : Math.floor(year / 100) - 19;
  return new Uint8Array([minute, hour | hundreds << 5, dayByte, monthByte]);
}

function expectTime(text: string, hour: number, minute: number, second: number): void {
  if (hour > 23 || minute > 59 || second > 59) refuse(text, "there is no such time");
}

function refuse(text: string, reason: string): never {
  throw new TelegramError("encode", `Cannot encode date or time: "${text}": ${reason}`, 0);
}
