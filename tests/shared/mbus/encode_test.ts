import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  decimalText,
  decodeTelegram,
  encodeFrame,
  encodeRecord,
  encodeVariableData,
  fromHex,
  type RecordToEncode,
  TelegramError,
  type TelegramToEncode,
  toHex,
} from "@mbus-gateway/mbus";
import { PRIMARY_VIFS } from "../../../shared/mbus/vif_tables.ts";

const HEADER = { identification: "12345678", manufacturer: "KAM", version: 1, deviceTypeCode: 4 };

function decode(telegram: TelegramToEncode) {
  const data = encodeVariableData(telegram);
  return decodeTelegram(encodeFrame({ type: "long", control: 0x08, address: 5, ci: 0x72, data }));
}

Deno.test("encodeRecord() writes DIB, VIB and data", () => {
  const cases: [RecordToEncode, string][] = [
    [{ field: "bcd8", vib: "13", value: 54321 }, "0C1321430500"],
    [{ field: "bcd8", vib: "13", value: -5 }, "0C13050000F0"],
    [{ field: "bcd8", vib: "13", value: null }, "0C13FFFFFFFF"],
    [{ field: "int16", vib: "65", value: -100 }, "02659CFF"],
    [{ field: "int16", vib: "65", value: null }, "02650080"],
    [{ field: "int64", vib: "06", value: 2n ** 63n }, "07060000000000000080"],
    [{ field: "float32", vib: "5B", value: 21.5 }, "055B0000AC41"],
    [{ field: "text", vib: "FD11", value: "TEST" }, "0DFD110454534554"],
    [{ field: "lvar_bcd", vib: "13", value: -1234 }, "0D13D23412"],
    [{ field: "lvar_int", vib: "13", value: -1 }, "0D13E1FF"],
    [{ field: "typeG", vib: "6C", value: "2026-01-31" }, "026C5F31"],
    [{ field: "typeF", vib: "6D", value: null }, "046DFFFFFFFF"],
    [{ field: "none", vib: "13", value: null }, "0013"],
    [{ field: "int8", vib: "13", value: 5, storageNumber: 1 }, "411305"],
    [{ field: "int8", vib: "13", value: 5, tariff: 3, subunit: 2, function: "maximum" }, "91B0401305"],
  ];
  for (const [record, hex] of cases) assertEquals(toHex(encodeRecord(record)), hex);
});

Deno.test("encodeRecord() refuses what does not fit", () => {
  const refused: [RecordToEncode, string][] = [
    [{ field: "int8", vib: "13", value: 256 }, "256 does not fit in 1 bytes"],
    [{ field: "bcd2", vib: "13", value: 100 }, "100 does not fit in 2 digits"],
    [{ field: "bcd2", vib: "13", value: -10 }, "-10 does not fit in 2 digits"],
    [{ field: "int32", vib: "13", value: 1.5 }, "1.5 is no exact integer"],
    [{ field: "int32", vib: "", value: 1 }, "its VIB is empty"],
    [{ field: "text", vib: "FD11", value: "€" }, "not in Latin-1"],
    [{ field: "typeG", vib: "6C", value: 5 }, "5 does not go with the field typeG"],
    [{ field: "int32", vib: "13", value: 1, storageNumber: -1 }, "storageNumber is -1"],
    [{ field: "int32", vib: "1G", value: 1 }, "no hex digit"],
  ];
  for (const [record, message] of refused) assertThrows(() => encodeRecord(record), TelegramError, message);
});

Deno.test("encodeVariableData() refuses a header that no telegram can carry", () => {
  assertThrows(
    () => encodeVariableData({ ...HEADER, manufacturer: "K1", records: [] }),
    TelegramError,
    "three letters",
  );
  assertThrows(
    () => encodeVariableData({ ...HEADER, identification: "123456789", records: [] }),
    TelegramError,
    "eight",
  );
  assertThrows(() => encodeVariableData({ ...HEADER, version: 256, records: [] }), TelegramError, "version is 256");
});

interface Case {
  record: RecordToEncode;
  /** What must come back. */
  value: string | null;
}

const integers = fc.constantFrom([8, "int8"], [16, "int16"], [24, "int24"], [32, "int32"], [48, "int48"], [64, "int64"])
  .chain(([bits, field]) => {
    const limit = 2n ** BigInt(Number(bits) - 1);
    // the most negative integer means "invalid"
    return fc.tuple(fc.constant(field as RecordToEncode["field"]), fc.bigInt({ min: -limit + 1n, max: limit - 1n }));
  });
const bcds = fc.constantFrom([2, "bcd2"], [4, "bcd4"], [6, "bcd6"], [8, "bcd8"], [12, "bcd12"]).chain(
  ([digits, field]) => {
    const limit = 10n ** BigInt(Number(digits));
    return fc.tuple(
      fc.constant(field as RecordToEncode["field"]),
      fc.bigInt({ min: -limit / 10n + 1n, max: limit - 1n }),
    );
  },
);
const long = fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n });
const variable = fc.tuple(fc.constantFrom<RecordToEncode["field"]>("lvar_bcd", "lvar_int"), long).filter((
  [field, value],
) => field === "lvar_bcd" || value >= 0n || (-value & (-value - 1n)) !== 0n);
/** Signed rows without a time unit, whose value is the register times a power of ten. */
const scales = PRIMARY_VIFS.filter(([pattern, , , , type]) => type === undefined && /^E[01 n]+$/.test(pattern))
  .filter(([, , unit]) => !unit.startsWith("m3/m") && !unit.startsWith("m3/s"))
  .map(([pattern, , , exponent]) => [parseInt(pattern.slice(1).replace(" ", "").replaceAll("n", "0"), 2), exponent]);

const numbers: fc.Arbitrary<Case> = fc.tuple(fc.oneof(integers, bcds, variable), fc.constantFrom(...scales)).map(
  ([[field, value], [code = 0, exponent = 0]]) => ({
    record: { field, vib: Uint8Array.of(code), value },
    value: decimalText(value, exponent),
  }),
);
const texts: fc.Arbitrary<Case> = fc.array(fc.integer({ min: 32, max: 255 }), { maxLength: 20 }).map((codes) => {
  const text = String.fromCharCode(...codes);
  return { record: { field: "text", vib: "FD11", value: text }, value: text };
});
const dates: fc.Arbitrary<Case> = fc.date({
  min: new Date("1981-01-01T00:00:00Z"),
  max: new Date("2080-12-31T23:59:59Z"),
  noInvalidDate: true,
}).chain((instant) => {
  const text = instant.toISOString().slice(0, 19);
  return fc.constantFrom<Case>(
    { record: { field: "typeG", vib: "6C", value: text.slice(0, 10) }, value: text.slice(0, 10) },
    { record: { field: "typeF", vib: "6D", value: text.slice(0, 16) }, value: `${text.slice(0, 16)}:00` },
    { record: { field: "typeI", vib: "6D", value: text }, value: text },
    { record: { field: "typeJ", vib: "6D", value: text.slice(11) }, value: text.slice(11) },
    { record: { field: "typeF", vib: "FD70", value: null }, value: null },
  );
});
const floats: fc.Arbitrary<Case> = fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => ({
  record: { field: "float32", vib: "16", value },
  value: String(value + 0),
}));

const doubles: fc.Arbitrary<Case> = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }).map(
  (value) => ({ record: { field: "float64", vib: "16", value }, value: String(value + 0) }),
);
/** A container, whose bytes may be as many as one likes, and any other VIB with the numbers of bytes that LVAR has. */
const containers: fc.Arbitrary<Case> = fc.oneof(
  fc.tuple(fc.constant("FD76"), fc.uint8Array({ maxLength: 60 })),
  fc.constantFrom(16, 20, 24, 28, 32).chain((size) =>
    fc.tuple(fc.constant("FD19"), fc.uint8Array({ minLength: size, maxLength: size }))
  ),
).map(([vib, bytes]) => ({ record: { field: "lvar_bytes", vib, value: toHex(bytes) }, value: toHex(bytes) }));
const flags: fc.Arbitrary<Case> = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => ({
  record: { field: "int64", vib: "FD17", value },
  value: String(value),
}));
/** Scaled, moved and divided by VIFEs: litres · 10^-2, + 0.1 m3, by the minute. */
const combined: fc.Arbitrary<Case> = fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }).chain((value) =>
  fc.constantFrom<Case>(
    { record: { field: "int32", vib: "9374", value }, value: decimalText(value, -5) },
    { record: { field: "int32", vib: "937A", value }, value: decimalText(value + 100, -3) },
    { record: { field: "int32", vib: "9321", value }, value: decimalText(value * 60, -3) },
    { record: { field: "int32", vib: "FDC8FC01", value }, value: decimalText(value, -1) },
    { record: { field: "int32", vib: "FC0248527D", value }, value: decimalText(value * 1000, 0) },
  )
);

const places = fc.record({
  function: fc.constantFrom("instantaneous", "maximum", "minimum", "error"),
  storageNumber: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 41 - 1 })),
  tariff: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 20 - 1 })),
  subunit: fc.integer({ min: 0, max: 1023 }),
});

Deno.test("decodeTelegram() reads every record that encodeVariableData() writes, to the last digit", () => {
  const cases = fc.array(
    fc.tuple(fc.oneof(numbers, texts, dates, floats, doubles, containers, flags, combined), places),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(cases, fc.option(fc.uint8Array({ maxLength: 9 })), fc.boolean(), (written, block, more) => {
      const records = written.map(([{ record }, place]) => ({ ...record, ...place } as RecordToEncode));
      const manufacturerData = block ?? undefined;
      const telegram = decode({
        ...HEADER,
        accessNumber: 7,
        status: 3,
        records,
        manufacturerData,
        moreRecordsFollow: more,
      });
      assertEquals(telegram.fault, null);
      assertEquals([telegram.moreRecordsFollow, telegram.manufacturerData], [
        more,
        block ? toHex(block) : more ? "" : null,
      ]);
      assertEquals(telegram.records.length, written.length);
      for (const [index, [{ record, value }, place]] of written.entries()) {
        const read = telegram.records[index];
        assertEquals(read?.error, null);
        if (record.field === "float32" || record.field === "float64") assertEquals(Number(read?.value), Number(value));
        else assertEquals(read?.value, value);
        const { storageNumber, tariff, subunit } = read ?? {};
        assertEquals({ function: read?.function, storageNumber, tariff, subunit }, place as unknown as typeof place);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("decodeTelegram() reads every encrypted record that encodeVariableData() writes, and none without its key", () => {
  const cases = fc.array(fc.tuple(fc.oneof(numbers, texts, dates), places), { minLength: 1, maxLength: 4 });
  const keys = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(cases, keys, fc.integer({ min: 0, max: 255 }), (written, key, accessNumber) => {
      const records = written.map(([{ record }, place]) => ({ ...record, ...place } as RecordToEncode));
      const data = encodeVariableData({ ...HEADER, accessNumber, records, key });
      const frame = encodeFrame({ type: "long", control: 0x08, address: 5, ci: 0x72, data });
      const telegram = decodeTelegram(frame, { keys: () => key });
      assertEquals([telegram.encryption, telegram.fault], ["mode_5", null]);
      assertEquals(telegram.records.map(({ value }) => value), written.map(([{ value }]) => value));
      // One block in 400 makes sense as clear records by chance.
      if (data.length < 12 + 48) return;
      const wrong = key.map((byte) => byte ^ 0x55);
      assertEquals(codeOf(frame, () => null), "key_missing");
      assertEquals(codeOf(frame, () => wrong), "key_wrong");
    }),
    { numRuns: 200, seed: 20260131 },
  );
});

function codeOf(frame: Uint8Array, keys: () => Uint8Array | null): string {
  return assertThrows(() => decodeTelegram(frame, { keys }), TelegramError).code;
}

Deno.test("encodeVariableData() writes the header that is read back", () => {
  const letters = fc.string({ unit: fc.constantFrom(..."ABCXYZ"), minLength: 3, maxLength: 3 });
  const identification = fc.integer({ min: 0, max: 99_999_999 }).map((number) => String(number).padStart(8, "0"));
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(letters, identification, byte, byte, byte, byte, (manufacturer, id, version, type, access, status) => {
      const telegram = decode({
        manufacturer,
        identification: id,
        version,
        deviceTypeCode: type,
        accessNumber: access,
        status,
        records: [],
      });
      const { deviceTypeCode, accessNumber } = telegram;
      assertEquals([telegram.manufacturer, telegram.identification, telegram.version], [manufacturer, id, version]);
      assertEquals([deviceTypeCode, accessNumber, telegram.status], [type, access, status]);
    }),
    { numRuns: 100 },
  );
});

Deno.test("fromHex() reads what toHex() writes and says where a text is no hex", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
    assertEquals(fromHex(toHex(bytes)), bytes as Uint8Array<ArrayBuffer>);
    assertEquals(fromHex(toHex(bytes).toLowerCase().replaceAll(/../g, "$& ")), bytes as Uint8Array<ArrayBuffer>);
  }));
  assertEquals(assertThrows(() => fromHex("12 3x"), TelegramError).offset, 4);
  assertEquals(assertThrows(() => fromHex("123"), TelegramError).code, "hex");
});
