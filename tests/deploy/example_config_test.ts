import { assert, assertEquals } from "@std/assert";
import { type Document, isMap, isPair, isSeq, parseDocument } from "yaml";
import { OVERRIDES, parseConfig } from "../../gateway/config.ts";
import { ConfigSchema } from "../../gateway/config_schema.ts";

const TEXT = await Deno.readTextFile(`${import.meta.dirname}/../../deploy/gateway.example.yaml`);

interface SchemaNode {
  entries?: Record<string, SchemaNode>;
  item?: SchemaNode;
  wrapped?: SchemaNode;
  getter?: (written: unknown) => SchemaNode;
}

/** The paths of all keys of the schema: `mqtt.url`, `buses[].meters[].address`. */
function* keysOf(node: SchemaNode, path = ""): Generator<string> {
  if (node.wrapped !== undefined) return yield* keysOf(node.wrapped, path);
  if (node.item !== undefined) return yield* keysOf(node.item, `${path}[]`);
  if (node.getter !== undefined) {
    // What may be written in several ways: each has keys.
    for (const written of [{}, { receiver: "im871a" }]) yield* keysOf(node.getter(written), path);
    return;
  }
  for (const [name, below] of Object.entries(node.entries ?? {})) {
    const own = path === "" ? name : `${path}.${name}`;
    yield own;
    yield* keysOf(below, own);
  }
}

/** The keys that the example has where each commented key is one. */
function keysIn(document: Document): Set<string> {
  const found = new Set<string>();
  const look = (node: unknown, path: string) => {
    if (isSeq(node)) { for (const item of node.items) look(item, `${path}[]`); }
    if (!isMap(node)) return;
    for (const pair of node.items) {
      if (!isPair(pair)) continue;
      const own = path === "" ? String(pair.key) : `${path}.${pair.key}`;
      found.add(own);
      look(pair.value, own);
    }
  };
  look(document.contents, "");
  return found;
}

/** The example with every commented key and item in use. Where two keys exclude each other, both are there. */
function uncommented(text: string): Document {
  // A key with one value, or a list's item: prose has more words.
  const commented = /^(\s*)# ((?: {2})*)(?:# )?((?:- )?(?:[a-zA-Z]+:(?: (?:\S+|".*"|\{.*\}|\[.*\]))?|\{.*\}))$/;
  const lines = text.split("\n").map((line) => line.replace(commented, "$1$2$3"));
  return parseDocument(lines.join("\n"), { uniqueKeys: false });
}

Deno.test("deploy/gateway.example.yaml is a configuration that works", () => {
  assertEquals(parseConfig(TEXT, { path: "/etc/mbus-gateway/config.yaml" }).gateway, "GW-0001");
});

Deno.test("deploy/gateway.example.yaml shows and explains every key that there is, and none that there is not", () => {
  const document = uncommented(TEXT);
  assertEquals(document.errors.map(({ message }) => message), []);
  const shown = keysIn(document);
  const known = new Set(keysOf(ConfigSchema as unknown as SchemaNode));
  assertEquals([...known].filter((key) => !shown.has(key)), [], "keys that the example does not show");
  assertEquals([...shown].filter((key) => !known.has(key)), [], "keys of the example that do not exist");
  const lines = TEXT.split("\n");
  for (const section of Object.keys((ConfigSchema as unknown as SchemaNode).entries ?? {})) {
    const at = lines.findIndex((line) => new RegExp(`^(?:# )?${section}:`).test(line));
    const around = [lines[at - 1], lines[at + 1], lines[at + 2]];
    assert(around.some((line) => /^\s*(?:- )?# [A-Za-z]/.test(line ?? "")), `${section} has no comment`);
  }
});

Deno.test("every key of a single value can be set by the environment, and the example names the pattern", () => {
  const settable = new Set(Object.values(OVERRIDES).map((path) => path.join(".")));
  const sections = new Set(["mqtt", "platform", "spool", "tunnel", "metrics", "homeAssistant", "log"]);
  const single = [...keysOf(ConfigSchema as unknown as SchemaNode)]
    .filter((key) => !key.startsWith("buses") && !sections.has(key));
  assertEquals(single.filter((key) => !settable.has(key)), []);
  for (const [name, path] of Object.entries(OVERRIDES)) {
    assertEquals(name, `MBUS_GW_${path.map((word) => word.replaceAll(/([A-Z])/g, "_$1").toUpperCase()).join("_")}`);
  }
});
