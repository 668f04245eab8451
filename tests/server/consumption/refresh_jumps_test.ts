import { assertEquals } from "@std/assert";
import { type Reading, site } from "./site.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-01-10T12:00:00Z");

function readings(words: string, from = 0): Reading[] {
  return words.split(" ").map((word, index) => ({
    ...{ series: "1", time: START + (from + index) * HOUR, value: word.replace("!", ""), jumped: word.endsWith("!") },
  }));
}

async function hours(at: Awaited<ReturnType<typeof site>>) {
  return (await at.consumption("hour")).map(([, amount, words]) => [Number(amount), words]);
}

Deno.test("refreshConsumption() interpolates over an error reading and says so", async () => {
  await using at = await site();
  await at.place(1, "2020-01-01T00:00:00Z");
  await at.take(readings("1000 1010 88000!"));
  await at.refresh();
  assertEquals(await hours(at), [[10, ""]]); // whether it is an error is not known yet

  await at.take(readings("1030! 1040", 3));
  await at.refresh();
  const mended = [[10, ""], [10, "interpolated"], [10, "interpolated error_reading"], [10, ""]];
  assertEquals(await hours(at), mended);
  assertEquals((await at.consumption("day")).map((row) => row.slice(1)), [["40", "partial error_reading"]]);

  await at.sql`delete from telegrams`; // kept for a shorter time than readings, or elsewhere
  await at.take(readings("1050", 5));
  await at.refresh();
  assertEquals(await hours(at), [...mended, [10, ""]]);
});

Deno.test("refreshConsumption() counts a jump that the next reading bears out, once it has come", async () => {
  await using at = await site();
  await at.place(1, "2020-01-01T00:00:00Z");
  await at.take(readings("1000 1010 0!"));
  await at.refresh();
  assertEquals(await hours(at), [[10, ""]]);
  await at.take(readings("10", 3));
  await at.refresh();
  assertEquals(await hours(at), [[10, ""], [0, "reset"], [10, ""]]);
});

Deno.test("refreshConsumption() decides anew when a reading comes late between those that had jumped", async () => {
  await using at = await site();
  await at.place(1, "2020-01-01T00:00:00Z");
  const [first, second, ...rest] = readings("1000 1010 500! 510! 1040");
  await at.take([first, second, ...rest].flatMap((reading) => reading ?? []));
  await at.refresh();
  assertEquals((await hours(at)).map(([amount]) => amount), [10, 10, 10, 10]);
  // It was no error: the counter was reset, and jumped again later.
  await at.take([{ series: "1", time: START + 2.5 * HOUR, value: "505" }]);
  await at.refresh();
  assertEquals(await hours(at), [[10, ""], [500, "reset"], [10, ""], [530, ""]]);
});
