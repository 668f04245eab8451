import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Find } from "../../../gateway/scan/find.ts";
import { lowerBound } from "../../../gateway/scan/lower_bound.ts";

const BAUD_RATE = 2400;
/** One bit time in seconds. */
const BIT = 1 / BAUD_RATE;

function find(secondary: string, fabricationNumber: string | null = null): Find {
  const meter = {
    address: secondary,
    secondary,
    manufacturer: null,
    identification: null,
    version: null,
    deviceType: null,
    baudRate: BAUD_RATE,
  };
  return { meter, fabricationNumber, bytes: 100 };
}

/** An answered request of so many bytes: 11 bits a character, 11 of thought, 33 of silence. */
const answered = (request: number, answer: number) => (11 * (request + answer) + 11 + 33) * BIT;
const silent = (request: number) => (11 * request + 330) * BIT + 0.05;
const leaf = answered(17, 1) + answered(5, 100);

Deno.test("lowerBound() of nobody is one selection that stays unanswered", () => {
  const { requests, seconds } = lowerBound("secondary", [], BAUD_RATE);
  assertEquals(requests, 1);
  assertAlmostEquals(seconds, silent(17), 1e-9);
});

Deno.test("lowerBound() of one meter is its selection and its telegram", () => {
  const { requests, seconds } = lowerBound("secondary", [find("123456782D2C0104")], BAUD_RATE);
  assertEquals(requests, 2);
  assertAlmostEquals(seconds, leaf, 1e-9);
});

Deno.test("lowerBound() divides by the digit that tells all meters apart, wherever it stands", () => {
  const meters = [1, 2, 3].map((digit) => find(`1234${digit}6782D2C0104`));
  const { requests, seconds } = lowerBound("secondary", meters, BAUD_RATE);
  assertEquals(requests, 3 * 2 + 7);
  assertAlmostEquals(seconds, 3 * leaf + 7 * silent(17), 1e-9);
});

Deno.test("lowerBound() counts the collisions on the way to meters that take two digits, by the better one first", () => {
  // The second digit leaves two that the first tells apart; the first would leave two times two.
  const meters = ["11", "12", "21", "23"].map((digits) => find(`${digits}3456782D2C0104`));
  const { requests } = lowerBound("secondary", meters, BAUD_RATE);
  assertEquals(requests, (2 + 2 * 2 + 8) + 2 * 2 + 7);
});

Deno.test("lowerBound() goes through all versions of meters that differ in nothing else", () => {
  const meters = ["01", "02"].map((version) => find(`123456782D2C${version}04`));
  assertEquals(lowerBound("secondary", meters, BAUD_RATE).requests, 2 * 2 + 253);
});

Deno.test("lowerBound() divides by fabrication number where the address is the same", () => {
  const meters = ["00004711", "00004712"].map((number) => find("123456782D2C0104", number));
  const { requests, seconds } = lowerBound("secondary", meters, BAUD_RATE);
  assertEquals(requests, 2 * 2 + 8);
  assertAlmostEquals(seconds, 2 * (answered(23, 1) + answered(5, 100)) + 8 * silent(23), 1e-9);
});

Deno.test("lowerBound() of primary addresses is each of the 251, and a telegram of each meter", () => {
  const { requests, seconds } = lowerBound("primary", [find("123456782D2C0104")], BAUD_RATE);
  assertEquals(requests, 252);
  assertAlmostEquals(seconds, answered(5, 1) + answered(5, 100) + 250 * silent(5), 1e-9);
});
