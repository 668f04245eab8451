import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { fromHex, TelegramError } from "@mbus-gateway/mbus";
import { encodeLocalTime } from "../../../shared/mbus/encode_local_time.ts";
import { dateG, dateTimeF, dateTimeI, timeJ } from "../../../shared/mbus/local_date_time.ts";

Deno.test("dateG() reads a date, and no date where there is none", () => {
  assertEquals(dateG(fromHex("5F31"), 0).text, "2026-01-31");
  for (const none of ["FFFF", "0000", "0001", "1F00"]) assertEquals(dateG(fromHex(none), 0).error, null, none);
  for (const none of ["FFFF", "0000", "0001", "1F00"]) assertEquals(dateG(fromHex(none), 0).text, null, none);
  assertEquals(dateG(fromHex("5E32"), 0).error, "Cannot state the meter's time: there is no date 2026-02-30");
  assertEquals(dateG(fromHex("61C1"), 0).text, "1999-01-01");
});

Deno.test("a date that recurs every year, or names a year beyond its century, is none", () => {
  const recurs = "Cannot state the meter's time: it recurs every year";
  assertEquals(dateG(fromHex("E1F1"), 0), { text: null, error: recurs, summerTime: null });
  assertEquals(dateTimeF(fromHex("3B0BE1F1"), 0), { text: null, error: recurs, summerTime: false });
  assertEquals(dateTimeI(fromHex("3A3B0BE1F100"), 0).error, recurs);
  assertEquals(dateG(fromHex("81C1"), 0).error, "Cannot state the meter's time: there is no year 100 of a century");
});

Deno.test("dateTimeF() minds the invalid bit, the summer time bit and the centuries", () => {
  assertEquals(dateTimeF(fromHex("3B0B5F31"), 0), { text: "2026-01-31T11:59:00", error: null, summerTime: false });
  assertEquals(dateTimeF(fromHex("3B8B5F31"), 0).summerTime, true);
  assertEquals(dateTimeF(fromHex("BB0B5F31"), 0).error, "Cannot state the meter's time: the meter marks it invalid");
  assertEquals(dateTimeF(fromHex("3B2B5F31"), 0).text, "2026-01-31T11:59:00");
  assertEquals(dateTimeF(fromHex("3B4B5F31"), 0).text, "2126-01-31T11:59:00");
  assertEquals(dateTimeF(fromHex("3B6B5F31"), 0).text, "2226-01-31T11:59:00");
  assertEquals(dateTimeF(fromHex("3B0B61C1"), 0).text, "1999-01-01T11:59:00");
  assertEquals(dateTimeF(fromHex("FFFFFFFF"), 0), { text: null, error: null, summerTime: null });
  assertEquals(dateTimeF(fromHex("00000000"), 0), { text: null, error: null, summerTime: null });
  assertEquals(dateTimeF(fromHex("3B185F31"), 0).error, "Cannot state the meter's time: there is no time 24:59");
});

Deno.test("dateTimeF() counts centuries from where a meter counts them", () => {
  assertEquals(dateTimeF(fromHex("3B4B5F31"), 0, 1800).text, "2026-01-31T11:59:00");
  assertEquals(dateTimeF(fromHex("3B2B5F31"), 0, 1800).text, "1926-01-31T11:59:00");
  assertEquals(dateTimeF(fromHex("3B0B5F31"), 0, 1800).text, "2026-01-31T11:59:00");
  assertEquals(dateTimeF(fromHex("3B0B61C1"), 0, 1800).text, "1999-01-01T11:59:00");
});

Deno.test("dateTimeI() and timeJ() have seconds", () => {
  assertEquals(dateTimeI(fromHex("3A3B0B5F3100"), 0).text, "2026-01-31T11:59:58");
  assertEquals(dateTimeI(fromHex("7A3B0B5F3100"), 0).summerTime, true);
  assertEquals(dateTimeI(fromHex("3ABB0B5F3100"), 0).text, null);
  assertEquals(timeJ(fromHex("3A3B0B"), 0).text, "11:59:58");
  assertEquals(timeJ(fromHex("FFFFFF"), 0).text, null);
  assertEquals(timeJ(fromHex("3C3B0B"), 0).error, "Cannot state the meter's time: there is no time 11:59:60");
});

const two = (value: number) => String(value).padStart(2, "0");
const date = fc.date({
  min: new Date("1981-01-01T00:00:00Z"),
  max: new Date("2080-12-31T23:59:59Z"),
  noInvalidDate: true,
}).map((instant) => instant.toISOString().slice(0, 19));
const lateYears = fc.tuple(fc.integer({ min: 2081, max: 2299 }), fc.integer({ min: 1, max: 12 }))
  .map(([year, month]) => `${year}-${two(month)}-28T07:08`);

Deno.test("dates come back as they were encoded", () => {
  fc.assert(fc.property(date, lateYears, (text, late) => {
    assertEquals(dateG(encodeLocalTime("typeG", text.slice(0, 10)), 0).text, text.slice(0, 10));
    assertEquals(dateTimeF(encodeLocalTime("typeF", text.slice(0, 16)), 0).text, `${text.slice(0, 16)}:00`);
    assertEquals(dateTimeI(encodeLocalTime("typeI", text), 0).text, text);
    assertEquals(timeJ(encodeLocalTime("typeJ", text.slice(11)), 0).text, text.slice(11));
    assertEquals(dateTimeF(encodeLocalTime("typeF", late), 0).text, `${late}:00`);
  }));
});

Deno.test("encodeLocalTime() refuses what a type cannot hold", () => {
  assertThrows(() => encodeLocalTime("typeG", "2026-1-31"), TelegramError, "expected the shape 2026-01-31");
  assertThrows(() => encodeLocalTime("typeG", "2026-02-29"), TelegramError, "there is no such date");
  assertThrows(() => encodeLocalTime("typeG", "1980-01-01"), TelegramError, "cannot hold that year");
  assertThrows(() => encodeLocalTime("typeJ", "24:00:00"), TelegramError, "there is no such time");
});
