/** JSON.parse hands a reviver the literal's own text (ECMAScript, JSON.parse source text access). */
type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;

/** A number of a JSON document as it is written there; told apart from a text that looks like one. */
export class NumberLiteral {
  constructor(readonly text: string) {}
}

/**
 * Parses JSON, with the numbers under the given key as {@linkcode NumberLiteral}: 12.40 stays "12.40" and takes no way
 * through a float.
 *
 * @throws {SyntaxError} when it is no JSON.
 */
export function parseExactly(text: string, key: string): unknown {
  const reviver: Reviver = (name, value, context) =>
    name === key && typeof value === "number" ? new NumberLiteral(context?.source ?? failLoudly()) : value;
  return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]);
}

function failLoudly(): never {
  throw new Error("Cannot parse JSON exactly: this JavaScript engine does not hand out the text of literals");
}
