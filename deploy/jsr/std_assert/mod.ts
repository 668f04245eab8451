/**
 * The assertions that this project calls, with the signatures and the meaning of `jsr:@std/assert`, for machines that
 * cannot reach its registry. Deleting `links` in `deno.json` gives the upstream package.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { AssertionError } from "./assertion_error.ts";
import { equal } from "./equal.ts";

export { AssertionError } from "./assertion_error.ts";
export { equal } from "./equal.ts";
export { assertIsError, assertRejects, assertThrows } from "./throws.ts";

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Every falsy value. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Fails unless `expr` is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Fails unless both are {@linkcode equal}; the text shows the difference. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) {
    refuse(
      `Values are not equal${suffix(msg)}\n${difference(actual, expected)}`,
    );
  }
}

/** Fails when both are {@linkcode equal}. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) {
    refuse(
      `Expected actual: ${show(actual)} not to be: ${show(expected)}${suffix(msg)}`,
    );
  }
}

/** Fails unless both are the same value by `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const why = equal(actual, expected)
    ? "Values have the same structure but are not reference-equal"
    : "Values are not strictly equal";
  refuse(`${why}${suffix(msg)}\n${difference(actual, expected)}`);
}

/** Fails on `null` and `undefined`. */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    refuse(
      `Expected actual: "${actual}" to not be null or undefined${suffix(msg)}`,
    );
  }
}

/** Fails unless `actual` is an instance of the class. */
export function assertInstanceOf<
  // deno-lint-ignore no-explicit-any
  T extends abstract new (...args: any[]) => any,
>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  refuse(
    `Expected object to be an instance of "${expectedType.name}" but was ${show(actual)}${suffix(msg)}`,
  );
}

/** Fails unless the text holds the other. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (!actual.includes(expected)) {
    refuse(
      `Expected actual: "${actual}" to contain: "${expected}"${suffix(msg)}`,
    );
  }
}

/** Fails unless the text matches. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (!expected.test(actual)) {
    refuse(
      `Expected actual: "${actual}" to match: "${expected}"${suffix(msg)}`,
    );
  }
}

/** Fails when the text matches. */
export function assertNotMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) {
    refuse(
      `Expected actual: "${actual}" to not match: "${expected}"${suffix(msg)}`,
    );
  }
}

/** Fails unless `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) {
    refuse(msg ?? `Expect ${show(actual)} > ${show(expected)}`);
  }
}

/** Fails unless `actual >= expected`. */
export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual >= expected)) {
    refuse(msg ?? `Expect ${show(actual)} >= ${show(expected)}`);
  }
}

/** Fails unless `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) {
    refuse(msg ?? `Expect ${show(actual)} < ${show(expected)}`);
  }
}

/** Fails unless `actual <= expected`. */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual <= expected)) {
    refuse(msg ?? `Expect ${show(actual)} <= ${show(expected)}`);
  }
}

/** An array, or what has a length and indices. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/** Fails unless every element of `expected` is {@linkcode equal} to one of `actual`. */
export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const missing = Array.from(expected).filter((item) => !Array.from(actual).some((own) => equal(own, item)));
  if (missing.length > 0) {
    refuse(
      `Expected actual: ${show(actual)} to include: ${show(expected)}${suffix(msg)}\nmissing: ${show(missing)}`,
    );
  }
}

/** Fails unless `actual` holds all of `expected`; further keys, at any depth, do not matter. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals<unknown>(restrict(actual, expected), expected, msg);
}

/** Fails unless the numbers differ by `tolerance` at most; by default a ten-millionth of `expected`. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const most = tolerance ??
    (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  const delta = Math.abs(expected - actual);
  if (!(delta <= most)) {
    refuse(
      `Expected actual: "${actual}" to be close to "${expected}": delta "${delta}" is greater than "${most}"${
        suffix(msg)
      }`,
    );
  }
}

/** Fails. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${suffix(msg)}`);
}

/** Fails: this point must not be reached. */
export function unreachable(msg?: string): never {
  throw new AssertionError(`Unreachable${suffix(msg)}`);
}

function refuse(message: string): never {
  throw new AssertionError(message);
}

function suffix(msg: string | undefined): string {
  return msg ? `: ${msg}` : ".";
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : Deno.inspect(value, { depth: 8, iterableLimit: 50 });
}

/** Node's line by line difference; where Node sees none, both values. */
function difference(actual: unknown, expected: unknown): string {
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    return (error as Error).message;
  }
  return `actual: ${show(actual)}\nexpected: ${show(expected)}`;
}

/** What `actual` says about the keys of `expected`. */
function restrict(actual: unknown, expected: unknown): unknown {
  if (!isObject(actual) || !isObject(expected)) return actual;
  if (Array.isArray(actual)) {
    return Array.isArray(expected) ? actual.map((item, index) => restrict(item, expected[index])) : actual;
  }
  const prototype = Object.getPrototypeOf(expected);
  if (prototype !== null && prototype !== Object.prototype) return actual;
  const keys = Reflect.ownKeys(expected).filter((key) => key in actual);
  return Object.fromEntries(
    keys.map((
      key,
    ) => [key, restrict(Reflect.get(actual, key), Reflect.get(expected, key))]),
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
