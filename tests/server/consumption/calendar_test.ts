import { assertEquals } from "@std/assert";
import { Calendar } from "../../../server/consumption/calendar.ts";

const HOUR = 3_600_000;
const instant = (text: string) => Date.parse(text);

function lengths(timeZone: string, at: string) {
  const calendar = new Calendar(timeZone);
  const day = calendar.dayOf(instant(at));
  const hours = [...calendar.hours(day)];
  return {
    day: (day.end - day.start) / HOUR,
    hours: hours.length,
    odd: hours.flatMap(({ start, end }) => end - start === HOUR ? [] : [(end - start) / HOUR]),
  };
}

Deno.test("Calendar gives Copenhagen days of 23, 24 and 25 hours", () => {
  assertEquals(lengths("Europe/Copenhagen", "2026-03-29T12:00:00Z"), { day: 23, hours: 23, odd: [] });
  assertEquals(lengths("Europe/Copenhagen", "2026-06-29T12:00:00Z"), { day: 24, hours: 24, odd: [] });
  assertEquals(lengths("Europe/Copenhagen", "2026-10-25T12:00:00Z"), { day: 25, hours: 25, odd: [] });
});

Deno.test("Calendar begins hours where the clock's minutes are 0, also half an hour beside UTC", () => {
  assertEquals(lengths("Asia/Kolkata", "2026-06-29T12:00:00Z"), { day: 24, hours: 24, odd: [] });
  const calendar = new Calendar("Asia/Kolkata");
  const [first] = calendar.hours(calendar.dayOf(instant("2026-01-31T12:00:00Z")));
  assertEquals(new Date(first?.start ?? 0).toISOString(), "2026-01-30T18:30:00.000Z");
  assertEquals(lengths("Australia/Lord_Howe", "2026-10-04T12:00:00Z"), { day: 23.5, hours: 23, odd: [1.5] });
  assertEquals(lengths("Australia/Lord_Howe", "2026-04-05T03:00:00Z"), { day: 24.5, hours: 24, odd: [1.5] });
});

Deno.test("Calendar begins a day that has no midnight where it begins", () => {
  const { start } = new Calendar("America/Sao_Paulo").dayOf(instant("2018-11-04T12:00:00Z"));
  assertEquals(new Date(start).toISOString(), "2018-11-04T03:00:00.000Z");
});

Deno.test("Calendar gives months whose days join without a gap", () => {
  const calendar = new Calendar("Europe/Copenhagen");
  const month = calendar.monthOf(instant("2026-03-31T21:59:59Z"));
  assertEquals([month.start, month.end].map((at) => new Date(at).toISOString()), [
    "2026-02-28T23:00:00.000Z",
    "2026-03-31T22:00:00.000Z",
  ]);
  const days = [...calendar.days(month)];
  assertEquals([days.length, days[0]?.start, days.at(-1)?.end], [31, month.start, month.end]);
  assertEquals(days.slice(1).every(({ start }, index) => start === days[index]?.end), true);
});
