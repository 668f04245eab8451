import { assertEquals } from "@std/assert";
import { type DataRecord, decodeTelegram, fromHex, type Telegram, TelegramError } from "@mbus-gateway/mbus";

/** A sample of public captures that is not part of this repository; it may lie beside it. */
const FOLDER = `${import.meta.dirname}/../../../../shared/vectors`;

type VectorRecord = [
  function: string,
  storageNumber: number | null,
  tariff: number | null,
  subunit: number | null,
  label: string | null,
  raw: unknown,
  unit: string | null,
  quantity: string | null,
  value: number | string | null,
];

interface Vector {
  name: string;
  hex: string;
  ci: string | null;
  expect: "ok" | "app-error" | "reject";
  header: { id: string; manufacturer?: string; version?: number; access: number; status: string };
  records: VectorRecord[];
}

const vectors = readVectors();
if (vectors === null) console.error("left out: the captures in ../shared/vectors, the folder is not there");

function readVectors(): Vector[] | null {
  try {
    const text = Deno.readTextFileSync(`${FOLDER}/wired.jsonl`);
    return text.trim().split("\n").map((line) => JSON.parse(line));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

for (const vector of vectors ?? []) {
  Deno.test(`decodeTelegram() agrees with the capture ${vector.name}`, () => {
    if (vector.expect !== "ok") return assertEquals(refusal(vector), vector.expect);
    const telegram = decodeTelegram(fromHex(vector.hex));
    assertEquals(telegram.fault, null);
    assertHeader(telegram, vector);
    if (vector.ci === "73") return assertFixed(telegram, vector);
    const block = vector.records.find(([kind]) => kind === "mfr" || kind === "more");
    assertEquals(telegram.manufacturerData, block === undefined ? null : String(block[5]).replaceAll(" ", ""));
    assertEquals(telegram.moreRecordsFollow, block?.[0] === "more");
    const expected = vector.records.filter((record) => record !== block);
    assertEquals(telegram.records.map((record, index) => described(record, expected[index])), expected.map(asExpected));
  });
}

function refusal({ hex }: Vector): string {
  try {
    return decodeTelegram(fromHex(hex)).fault?.code === "truncated" ? "reject" : "ok";
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    return error.code === "application_error" ? "app-error" : "reject";
  }
}

function assertHeader(telegram: Telegram, { header }: Vector): void {
  assertEquals(telegram.identification, header.id.padStart(8, "0"));
  assertEquals(telegram.accessNumber, header.access);
  assertEquals(telegram.status, parseInt(header.status, 16));
  if (header.manufacturer !== undefined) assertEquals(telegram.manufacturer, header.manufacturer);
  if (header.version !== undefined) assertEquals(telegram.version, header.version);
}

function assertFixed(telegram: Telegram, { records }: Vector): void {
  assertEquals(telegram.records.map(({ data }) => data.length), records.map(() => 8));
}

const FUNCTIONS: Record<string, string> = { inst: "instantaneous", max: "maximum", min: "minimum", err: "error" };

function asExpected([kind, storageNumber, tariff, subunit, , , , , value]: VectorRecord) {
  return [FUNCTIONS[kind], storageNumber ?? 0, tariff ?? 0, subunit ?? 0, comparable(value)];
}

function described(record: DataRecord, expected: VectorRecord | undefined) {
  const { storageNumber, tariff, subunit, value } = record;
  const stated = expected?.[8];
  const read = typeof stated === "number" ? comparable(Number(value)) : value;
  return [record.function, storageNumber, tariff, subunit, read];
}

/** The source cuts values to six decimals, gives local times a zone, and writes a missing date as 2000-00-00. */
function comparable(value: unknown): string | number | null {
  if (typeof value === "number") return Math.round(value * 1e5) / 1e5;
  if (value === "2000-00-00") return null;
  return String(value).replace(/Z$/, "");
}
