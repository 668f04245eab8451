import * as v from "valibot";

/** Why a message cannot be read; `code` is stable and goes into the quarantine. */
export type WireErrorCode = "gzip" | "too_large" | "json" | "schema" | "version";

/** A message that does not fulfil the contract. Its text finishes "Cannot …" and names the field. */
export class WireError extends Error {
  override name = "WireError";
  constructor(readonly code: WireErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Parses `input` or throws a {@linkcode WireError} that names the first field at fault. */
export function parseAtTheDoor<S extends v.GenericSchema>(schema: S, input: unknown, what: string): v.InferOutput<S> {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return result.output;
  throw new WireError("schema", `Cannot read ${what}: ${describeIssue(result.issues[0])}`);
}

/** "readouts.3.seq: Invalid type: Expected number but received string". */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return path === null ? issue.message : `${path}: ${issue.message}`;
}

/** JSON from UTF-8 bytes, or a {@linkcode WireError} with the code `json`. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new WireError("json", `Cannot read ${what}: ${(cause as Error).message}`, { cause });
  }
}
