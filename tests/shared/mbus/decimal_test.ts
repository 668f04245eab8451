import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decimalOfFloat, decimalText } from "@mbus-gateway/mbus";
import { addDecimals, multiplyExact } from "../../../shared/mbus/decimal.ts";

Deno.test("decimalText() writes plain digits, without zeros that say nothing", () => {
  const cases: [number | bigint, number, string][] = [
    [0, 0, "0"],
    [0, 3, "0"],
    [0, -3, "0"],
    [-0, -1, "0"],
    [0n, -2, "0"],
    [1, -3, "0.001"],
    [-10, -1, "-1"],
    [-1, -1, "-0.1"],
    [54321, -3, "54.321"],
    [54300, -3, "54.3"],
    [54000, -3, "54"],
    [123, -3, "0.123"],
    [123, -5, "0.00123"],
    [5, 3, "5000"],
    [9007199254740993n, 0, "9007199254740993"],
    [-9223372036854775807n, -3, "-9223372036854775.807"],
    [1, -40, "0." + "0".repeat(39) + "1"],
    [1, 40, "1" + "0".repeat(40)],
  ];
  for (const [coefficient, exponent, text] of cases) assertEquals(decimalText(coefficient, exponent), text);
});

Deno.test("decimalText() gives one text to equal values", () => {
  const coefficient = fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n });
  fc.assert(
    fc.property(coefficient, fc.integer({ min: -12, max: 9 }), fc.integer({ min: 0, max: 6 }), (c, e, zeros) => {
      assertEquals(decimalText(c * 10n ** BigInt(zeros), e - zeros), decimalText(c, e));
    }),
  );
});

Deno.test("decimalOfFloat() keeps every binary digit", () => {
  assertEquals(decimalOfFloat(21.5), { coefficient: 215, exponent: -1 });
  assertEquals(decimalOfFloat(-0), { coefficient: 0, exponent: 0 });
  const tenth = decimalOfFloat(Math.fround(0.1));
  assertEquals(decimalText(tenth.coefficient, tenth.exponent), "0.100000001490116119384765625");
  assertEquals(decimalOfFloat(2 ** 60).coefficient, 2n ** 60n);
  fc.assert(fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
    const { coefficient, exponent } = decimalOfFloat(value);
    assertEquals(Number(decimalText(coefficient, exponent)), value + 0);
  }));
});

Deno.test("multiplyExact() and addDecimals() never round", () => {
  assertEquals(multiplyExact(2 ** 52, 3600), 16212958658533785600n);
  assertEquals(multiplyExact(7, 86_400), 604_800);
  assertEquals(addDecimals({ coefficient: 1, exponent: -3 }, { coefficient: 2, exponent: 1 }), {
    coefficient: 20_001,
    exponent: -3,
  });
});
