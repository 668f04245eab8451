/** What the bytes of a date or time say. `text` is null where they say that there is none. */
export interface LocalDateTime {
  /** ISO 8601 without zone: "2026-01-31", "2026-01-31T11:59:58" or "11:59:58"; type F has no seconds, they are 00. */
  text: string | null;
  /** Why there is no text although the meter did not simply leave it out; finishes "Cannot …". */
  error: string | null;
  /** Whether the meter says that its clock runs on summer time; null where the type cannot say. */
  summerTime: boolean | null;
}

const NONE: LocalDateTime = Object.freeze({ text: null, error: null, summerTime: null });

/** Date, type G: 16 bits (EN 13757-3, annex A). A meter states no zone. Years 81 to 99 are 19yy, others 20yy. */
export function dateG(bytes: Uint8Array, at: number): LocalDateTime {
  const low = bytes[at] as number;
  const high = bytes[at + 1] as number;
  const day = low & 0x1f;
  const month = high & 0x0f;
  const year = low >> 5 | high >> 1 & 0x78;
  if (low === 0xff && high === 0xff || day === 0 || month === 0) return NONE;
  if (year > LAST_YEAR) return noOneYear(year, null);
  return calendarDate(yearIn(year), month, day, "", null);
}

/** What the hundred-year bits of type F count from (EN 13757-3, table A.5). */
export const HUNDRED_YEARS_FROM = 1900;

/**
 * Date and time to the minute, type F: 32 bits (EN 13757-3, table A.5). The year is 1900 + 100 × hundred-year bits + year
 * of the century; only where the bits are 00, years up to 80 are 20yy, since older meters have no such bits. So 2 is
 * 21yy. There are meters that mean 20yy by 2: their profiles say so.
 *
 * @param hundredYearsFrom what the bits count from.
 */
export function dateTimeF(bytes: Uint8Array, at: number, hundredYearsFrom = HUNDRED_YEARS_FROM): LocalDateTime {
  const minuteByte = bytes[at] as number;
  const hourByte = bytes[at + 1] as number;
  const dayByte = bytes[at + 2] as number;
  const monthByte = bytes[at + 3] as number;
  const all = minuteByte & hourByte & dayByte & monthByte;
  const day = dayByte & 0x1f;
  const month = monthByte & 0x0f;
  if (all === 0xff || day === 0 || month === 0) return NONE;
  const summerTime = (hourByte & 0x80) !== 0;
  if ((minuteByte & 0x80) !== 0) return markedInvalid(summerTime);
  const yearOfCentury = dayByte >> 5 | monthByte >> 1 & 0x78;
  if (yearOfCentury > LAST_YEAR) return noOneYear(yearOfCentury, summerTime);
  const hundreds = hourByte >> 5 & 3;
  // Meters older than the hundred-year bits leave them 00.
  const year = hundreds === 0 ? yearIn(yearOfCentury) : hundredYearsFrom + 100 * hundreds + yearOfCentury;
  const minute = minuteByte & 0x3f;
  const hour = hourByte & 0x1f;
  if (hour > 23 || minute > 59) return noSuch(`time ${two(hour)}:${two(minute)}`, summerTime);
  return calendarDate(year, month, day, TIMES[60 * hour + minute] as string, summerTime);
}

/** Date and time to the second, type I: 48 bits (EN 13757-3, annex A). */
export function dateTimeI(bytes: Uint8Array, at: number): LocalDateTime {
  const secondByte = bytes[at] as number;
  const minuteByte = bytes[at + 1] as number;
  const hourByte = bytes[at + 2] as number;
  const dayByte = bytes[at + 3] as number;
  const monthByte = bytes[at + 4] as number;
  const all = secondByte & minuteByte & hourByte & dayByte & monthByte & (bytes[at + 5] as number);
  const day = dayByte & 0x1f;
  const month = monthByte & 0x0f;
  if (all === 0xff || day === 0 || month === 0) return NONE;
  const summerTime = (secondByte & 0x40) !== 0;
  if ((minuteByte & 0x80) !== 0) return markedInvalid(summerTime);
  const yearOfCentury = dayByte >> 5 | monthByte >> 1 & 0x78;
  if (yearOfCentury > LAST_YEAR) return noOneYear(yearOfCentury, summerTime);
  const second = secondByte & 0x3f;
  const minute = minuteByte & 0x3f;
  const hour = hourByte & 0x1f;
  if (hour > 23 || minute > 59 || second > 59) {
    return noSuch(`time ${two(hour)}:${two(minute)}:${two(second)}`, summerTime);
  }
  const time = second === 0
    ? TIMES[60 * hour + minute] as string
    : (TIMES[60 * hour + minute] as string).slice(0, -2) + two(second);
  return calendarDate(yearIn(yearOfCentury), month, day, time, summerTime);
}

/** Time of day, type J: 24 bits (EN 13757-3, annex A). */
export function timeJ(bytes: Uint8Array, at: number): LocalDateTime {
  const secondByte = bytes[at] as number;
  const minuteByte = bytes[at + 1] as number;
  const hourByte = bytes[at + 2] as number;
  if ((secondByte & minuteByte & hourByte) === 0xff) return NONE;
  const second = secondByte & 0x3f;
  const minute = minuteByte & 0x3f;
  const hour = hourByte & 0x1f;
  const text = two(hour) + ":" + two(minute) + ":" + two(second);
  if (hour > 23 || minute > 59 || second > 59) return noSuch(`time ${text}`, null);
  return { text, error: null, summerTime: null };
}

/** The year of a date without hundred-year bits: up to 80 it is 20yy. */
function yearIn(yearOfCentury: number): number {
  return yearOfCentury <= 80 ? 2000 + yearOfCentury : 1900 + yearOfCentury;
}

function calendarDate(year: number, month: number, day: number, time: string, summerTime: boolean | null) {
  const dates = DATES[year - FIRST_YEAR] ??= [];
  const date = dates[month << 5 | day] ??= dateText(year, month, day);
  if (month > 12 || day > daysOfMonth(year, month)) return noSuch(`date ${date}`, summerTime);
  return { text: time === "" ? date : date + time, error: null, summerTime };
}

/** By year and {@linkcode MONTHS_AND_DAYS}, made when they are met for the first time: meters state few dates. */
const DATES: string[][] = [];

function dateText(year: number, month: number, day: number): string {
  return String(year) + (MONTHS_AND_DAYS[month << 5 | day] as string);
}

/** The number of days in a month of the Gregorian calendar; month 1 to 12. */
export function daysOfMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** EN 13757-3, annex A: the year of a century is 0 to 99, and 127 means every year. */
const LAST_YEAR = 99;
const EVERY_YEAR = 127;

function noOneYear(year: number, summerTime: boolean | null): LocalDateTime {
  if (year !== EVERY_YEAR) return noSuch(`year ${year} of a century`, summerTime);
  return { text: null, error: "Cannot state the meter's time: it recurs every year", summerTime };
}

function noSuch(what: string, summerTime: boolean | null): LocalDateTime {
  return { text: null, error: `Cannot state the meter's time: there is no ${what}`, summerTime };
}

function markedInvalid(summerTime: boolean): LocalDateTime {
  return { text: null, error: "Cannot state the meter's time: the meter marks it invalid", summerTime };
}

const TWO_DIGITS: string[] = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, "0"));

/** 0 to 99 as two digits. */
function two(value: number): string {
  return TWO_DIGITS[value] as string;
}

/** That the fields of annex A can say. */
const FIRST_YEAR = 1900;
/** By five bits of the day and four of the month above them, whether there is such a day or not. */
const MONTHS_AND_DAYS: string[] = Array.from({ length: 512 }, (_, bits) => `-${two(bits >> 5)}-${two(bits & 31)}`);
/** By the minute of the day. */
const TIMES: string[] = Array.from({ length: 1440 }, (_, minute) => `T${two(minute / 60 | 0)}:${two(minute % 60)}:00`);
