import { assertEquals } from "@std/assert";
import type { DataRecordJson } from "@mbus-gateway/mbus";
import { lines, run } from "./decode_run.ts";

/** A sample of public captures that is not part of this repository; it may lie beside it. */
const FOLDER = `${import.meta.dirname}/../../../shared/vectors`;

interface WirelessVector {
  name: string;
  telegrams: string[];
  key?: string | null;
  expected: Record<string, unknown>;
  evidence: Record<string, string>;
  record_of: Record<string, [blocks: string, data: string]>;
}

interface WiredVector {
  name: string;
  hex: string;
  expect: "ok" | "app-error" | "reject";
  records?: unknown[];
}

const wired = read<WiredVector>("wired.jsonl");
const wireless = read<WirelessVector>("wireless.jsonl");
if (wireless.length === 0) console.error("left out: the captures in ../shared/vectors, the folder is not there");

function read<Vector>(name: string): Vector[] {
  try {
    return Deno.readTextFileSync(`${FOLDER}/${name}`).trim().split("\n").map((line) => JSON.parse(line));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

const REFUSALS = { "app-error": ["application_error"], reject: ["truncated", "length", "start", "unsupported"] };

if (wired.length > 0) {
  Deno.test("decodeCommand() takes and refuses the wired captures as they are meant, line by line", async () => {
    const outcomes = lines((await run(["--format=ndjson"], [wired.map(({ hex }) => hex).join("\n")])).out);
    assertEquals(outcomes.length, wired.length);
    for (const [index, { name, expect }] of wired.entries()) {
      const outcome = outcomes[index];
      if (expect === "ok") assertEquals([outcome.ok, outcome.link], [true, "wired"], name);
      else {assertEquals(
          [outcome.ok, REFUSALS[expect].includes(outcome.code)],
          [false, true],
          `${name} ${outcome.code}`,
        );}
    }
  });
}

if (wireless.length > 0) {
  Deno.test("decodeCommand() finds every standard field of the wireless captures, encrypted ones too", async () => {
    const input = wireless.flatMap(({ telegrams, key }) =>
      telegrams.map((telegram) => JSON.stringify({ telegram, key }))
    );
    const outcomes = lines((await run(["--format=ndjson"], [input.join("\n")])).out);
    assertEquals(outcomes.length, input.length);
    let at = 0;
    let compared = 0;
    for (const vector of wireless) {
      const own = outcomes.slice(at, at += vector.telegrams.length);
      const records: DataRecordJson[] = own.flatMap((outcome) => outcome.ok ? outcome.records : []);
      for (const [field, [blocks, data]] of Object.entries(vector.record_of)) {
        const label = `${vector.name} ${field} ${blocks}`;
        const found = records.filter(({ dib, vib }) => dib + vib === blocks).filter((record) =>
          data.endsWith(record.data)
        );
        assertEquals(found.length > 0, true, `${label} is missing: ${own.map(({ error }) => error).join()}`);
        const [record] = found;
        if (vector.evidence[field] === "std" && record !== undefined) {
          compared += compare(record, field, vector.expected[field], label);
        }
      }
    }
    assertEquals(compared > 300, true, `${compared} values were compared`);
  });
}

/** The unit in which a field's name states it: our unit, and what our number is divided by. */
const UNITS: Record<string, Record<string, number>> = {
  kwh: { Wh: 1000, J: 3_600_000 },
  kvarh: { varh: 1000 },
  kw: { W: 1000, "J/h": 3_600_000 },
  m3: { m3: 1 },
  m3h: { "m3/h": 1 },
  c: { "°C": 1, K: 1 },
  v: { V: 1 },
  a: { A: 1 },
  hca: { HCA: 1 },
  h: { s: 3600 },
};

/** The source rounds to six decimals; what it gives as text, or we as null with an error, is not compared. */
function compare(record: DataRecordJson, field: string, expected: unknown, label: string): number {
  const divisor = UNITS[field.slice(field.lastIndexOf("_") + 1)]?.[record.unit];
  if (divisor === undefined || typeof expected !== "number" || record.kind !== "number" || record.value === null) {
    return 0;
  }
  const value = Number(record.value) / divisor;
  assertEquals(Math.abs(value - expected) < 1e-6, true, `${label}: ${value} is not ${expected}`);
  return 1;
}
