import type { Context } from "@hono/hono";
import { bodyLimit } from "@hono/hono/body-limit";
import * as v from "valibot";
import { Problem } from "./problem.ts";

/** An id from a path: what cannot be one names nothing, so the answer is 404 and not 400. */
const ROW_ID = /^[1-9]\d{0,17}$/;

/** The row's id in the path, or null where it can be none. */
export function rowId(c: Context, name = "id"): string | null {
  const text = c.req.param(name) ?? "";
  return ROW_ID.test(text) ? text : null;
}

/**
 * The query string, parsed.
 *
 * @throws {Problem} 400 naming the parameter; an unknown one is a mistake, not noise.
 */
export function parseQuery<E extends v.ObjectEntries>(
  c: Context,
  entries: E,
): v.InferOutput<v.StrictObjectSchema<E, undefined>> {
  return parse(v.strictObject(entries), c.req.query(), "query");
}

/**
 * The JSON body, parsed.
 *
 * @throws {Problem} 400 naming the field.
 */
export async function parseBody<E extends v.ObjectEntries>(
  c: Context,
  entries: E,
): Promise<v.InferOutput<v.StrictObjectSchema<E, undefined>>> {
  let input: unknown;
  try {
    input = JSON.parse(await c.req.text());
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Problem(400, "json", `Cannot read body: it is no JSON (${error.message})`);
  }
  return parse(v.strictObject(entries), input, "body");
}

function parse<S extends v.GenericSchema>(schema: S, input: unknown, what: string): v.InferOutput<S> {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue);
  const message = issue.message.replace(/^Invalid (key|type): /, "").replace(/^E/, "e");
  throw new Problem(400, "invalid", `Cannot read ${what}: ${field === null ? "" : `${field}: `}${message}`);
}

/** Refuses larger bodies with 413 before they are held in memory. */
export function limitBody(maxSize: number) {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new Problem(413, "too_large", `Cannot take body: it has more than ${maxSize} bytes`);
    },
  });
}
