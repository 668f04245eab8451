import type * as v from "valibot";
import { type Document, isCollection, isMap, isScalar, LineCounter, type Node } from "yaml";
import { nearest } from "@mbus-gateway/resource";

export type Path = readonly (string | number)[];

/** A configuration's text and where its values come from, for the one who must mend it. */
export interface Source {
  document: Document.Parsed;
  lines: LineCounter;
  /** By the key's path (`mqtt.url`): the environment variable that set it. */
  overrides: ReadonlyMap<string, string>;
}

/** The parts of a valibot schema that lead to a key. */
interface SchemaNode {
  entries?: Record<string, SchemaNode>;
  item?: SchemaNode;
  wrapped?: SchemaNode;
  /** A schema that is chosen by what is written. */
  getter?: (written: unknown) => SchemaNode;
  "~run"?: (dataset: { value: unknown }, config: object) => { issues?: { message: string }[] };
}

/** `mqtt.url is "x", expected … (line 4)`. */
export function describeIssue(issue: v.BaseIssue<unknown>, schema: unknown, source: Source): string {
  const path = (issue.path ?? []).map((item) => item.key as string | number);
  if (issue.type === "strict_object" && issue.expected === "never") return unknownKey(path, schema, source);
  const expected = issue.input === undefined ? expectationAt(schema, path, source) ?? issue.message : issue.message;
  return describe(path, expected, source);
}

/** The same for what a rule beyond the schema found. */
export function describe(path: Path, expected: string, source: Source): string {
  const value = valueAt(source, path);
  const is = value === undefined ? "is missing" : `is ${shown(value)}`;
  return `${keyOf(path)} ${is}, expected ${expected} (${whereIs(path, source)})`;
}

/** The line of a place in the text. */
export function lineOf(lines: LineCounter, offset: number): number {
  return lines.linePos(offset).line;
}

function unknownKey(path: Path, schema: unknown, source: Source): string {
  const known = Object.keys(nodeAt(schema, path.slice(0, -1), source)?.entries ?? {});
  const typed = String(path.at(-1));
  const meant = known.find((key) => key.startsWith(typed)) ?? nearest(typed, known);
  const hint = meant === null
    ? `expected one of ${known.join(", ")}`
    : `did you mean ${keyOf([...path.slice(0, -1), meant])}?`;
  return `${keyOf(path)} is not a key that exists, ${hint} (${whereIs(path, source, true)})`;
}

/** What a key that is missing should have been. */
function expectationAt(schema: unknown, path: Path, source: Source): string | null {
  const result = nodeAt(schema, path, source)?.["~run"]?.({ value: undefined }, { abortEarly: true });
  return result?.issues?.[0]?.message ?? null;
}

function nodeAt(schema: unknown, path: Path, source: Source): SchemaNode | undefined {
  let node = unwrapped(schema as SchemaNode | undefined, [], source);
  for (const [index, key] of path.entries()) {
    const next = typeof key === "number" ? node?.item : node?.entries?.[key];
    node = unwrapped(next, path.slice(0, index + 1), source);
  }
  return node;
}

function unwrapped(node: SchemaNode | undefined, path: Path, source: Source): SchemaNode | undefined {
  let inner = node;
  while (inner?.wrapped !== undefined || inner?.getter !== undefined) {
    inner = inner.wrapped ?? inner.getter?.(valueAt(source, path));
  }
  return inner;
}

function keyOf(path: Path): string {
  const text = path.map((key) => typeof key === "number" ? `[${key}]` : `.${key}`).join("");
  return text === "" ? "the file" : text.replace(/^\./, "");
}

function valueAt({ document, overrides }: Source, path: Path): unknown {
  const variable = overrides.get(path.join("."));
  if (variable !== undefined) return document.getIn(path);
  const node = document.getIn(path, true);
  return isScalar(node) ? node.value : isCollection(node) ? node.toJSON() : undefined;
}

/** A password must not reach the log, not even one that stands where it should not. */
function shown(value: unknown): string {
  const text = JSON.stringify(value).replace(/\/\/[^/@]*@/, "//***@");
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}

function whereIs(path: Path, { document, lines, overrides }: Source, atKey = false): string {
  const variable = overrides.get(path.join("."));
  if (variable !== undefined) return `from ${variable}`;
  for (let length = path.length; length > 0; length--) {
    const offset = offsetOf(document, path.slice(0, length), atKey || length < path.length);
    if (offset !== null) return `line ${lineOf(lines, offset)}`;
  }
  return "line 1";
}

function offsetOf(document: Document.Parsed, path: Path, atKey: boolean): number | null {
  const parent = document.getIn(path.slice(0, -1), true);
  const key = path.at(-1);
  if (atKey && isMap(parent)) {
    const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key);
    const range = (pair?.key as Node | undefined)?.range;
    if (range) return range[0];
  }
  const node = document.getIn(path, true) as Node | undefined;
  return node?.range?.[0] ?? null;
}
