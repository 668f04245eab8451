// deno-lint-ignore-file no-explicit-any
import { AssertionError } from "./assertion_error.ts";

type ErrorConstructor<E extends Error> = abstract new (...args: any[]) => E;

/** Fails unless `error` is an Error (of this class, whose message holds this text). */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorConstructor<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  const suffix = msg ? `: ${msg}` : ".";
  if (!(error instanceof Error)) {
    throw new AssertionError(`Expected "error" to be an Error object${suffix}`);
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", but was "${error.constructor.name}" (${error.message})${suffix}`,
      { cause: error },
    );
  }
  const fits = msgMatches === undefined ||
    (typeof msgMatches === "string" ? error.message.includes(msgMatches) : msgMatches.test(error.message));
  if (!fits) {
    throw new AssertionError(
      `Expected error message to include ${JSON.stringify(String(msgMatches))}, but got ${
        JSON.stringify(error.message)
      }${suffix}`,
      { cause: error },
    );
  }
}

/** Fails unless `fn` throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorConstructor<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error>(
  fn: () => unknown,
  classOrMsg?: ErrorConstructor<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  try {
    fn();
  } catch (error) {
    return accept(error, classOrMsg, msgIncludes, msg);
  }
  throw new AssertionError(
    `Expected function to throw${suffixOf(classOrMsg, msg)}`,
  );
}

/** Fails unless the promise of `fn` rejects; resolves to the reason. */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorConstructor<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorConstructor<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    throw new AssertionError(
      `Function throws when expected to reject${suffixOf(classOrMsg, msg)}`,
      { cause: error },
    );
  }
  if (typeof Object(promise).then !== "function") {
    throw new AssertionError(
      `Function throws when expected to reject${suffixOf(classOrMsg, msg)}`,
    );
  }
  try {
    await promise;
  } catch (error) {
    return accept(error, classOrMsg, msgIncludes, msg);
  }
  throw new AssertionError(
    `Expected function to reject${suffixOf(classOrMsg, msg)}`,
  );
}

function accept<E extends Error>(
  error: unknown,
  classOrMsg: ErrorConstructor<E> | string | undefined,
  msgIncludes?: string,
  msg?: string,
): unknown {
  if (typeof classOrMsg === "function") {
    if (!(error instanceof Error)) {
      throw new AssertionError(
        `A non-Error object was thrown or rejected${suffixOf(classOrMsg, msg)}`,
      );
    }
    assertIsError(error, classOrMsg, msgIncludes, msg);
  }
  return error;
}

function suffixOf(classOrMsg: unknown, msg?: string): string {
  const text = typeof classOrMsg === "string" ? classOrMsg : msg;
  return text ? `: ${text}` : ".";
}
