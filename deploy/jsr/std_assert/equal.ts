import { isDeepStrictEqual } from "node:util";

/**
 * Whether two values have the same shape and content: 0 equals -0, NaN equals NaN, an object without a prototype
 * equals a plain one, and a missing key differs from one that is `undefined`.
 */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}

function compare(a: unknown, b: unknown, seen: Map<object, object>): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (
    typeof a !== "object" || typeof b !== "object" || a === null || b === null
  ) return false;
  if (seen.get(a) === b) return true;
  if (!sameConstructor(a, b)) return false;
  if (a instanceof Map && b instanceof Map) return sameEntries(a, b, seen);
  if (!Array.isArray(a) && !isPlain(a)) return isDeepStrictEqual(a, b);
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
  seen.set(a, b);
  const keys = ownKeys(a);
  return keys.length === ownKeys(b).length &&
    keys.every((key) =>
      Object.hasOwn(b, key) &&
      compare(Reflect.get(a, key), Reflect.get(b, key), seen)
    );
}

function sameEntries(
  a: Map<unknown, unknown>,
  b: Map<unknown, unknown>,
  seen: Map<object, object>,
): boolean {
  if (a.size !== b.size) return false;
  seen.set(a, b);
  const rest = [...b];
  for (const entry of a) {
    const index = rest.findIndex((other) => compare(entry, other, seen));
    if (index < 0) return false;
    rest.splice(index, 1);
  }
  return true;
}

function sameConstructor(a: object, b: object): boolean {
  const [first, second] = [a.constructor, b.constructor];
  return first === second || (isPlain(a) && isPlain(b));
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function ownKeys(value: object): PropertyKey[] {
  return Reflect.ownKeys(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key));
}
