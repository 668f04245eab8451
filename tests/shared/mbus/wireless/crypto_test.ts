import { assertEquals } from "@std/assert";
import { fromHex, toHex } from "@mbus-gateway/mbus";
import { cryptCtr, decryptCbc, encryptCbc } from "../../../../shared/mbus/crypto/aes.ts";
import { cmac } from "../../../../shared/mbus/crypto/cmac.ts";
import { crc16 } from "../../../../shared/mbus/crypto/crc16.ts";

const KEY = fromHex("2b7e151628aed2a6abf7158809cf4f3c");
const MESSAGE = fromHex(
  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52ef" +
    "f69f2445df4f9b17ad2b417be66c3710",
);

Deno.test("cmac() gives the codes of RFC 4493 for messages of every kind of length", () => {
  const codes: [number, string][] = [
    [0, "BB1D6929E95937287FA37D129B756746"],
    [16, "070A16B46B4D4144F79BDD9DD04A287C"],
    [40, "DFA66747DE9AE63030CA32611497C827"],
    [64, "51F0BEBF7E3B9D92FC49741779363CFE"],
  ];
  for (const [length, code] of codes) assertEquals(toHex(cmac(KEY, MESSAGE.subarray(0, length))), code);
});

Deno.test("encryptCbc() and cryptCtr() give the cipher texts of NIST SP 800-38A", () => {
  const iv = fromHex("000102030405060708090a0b0c0d0e0f");
  const cbc = encryptCbc(KEY, iv, MESSAGE.subarray(0, 32));
  assertEquals(toHex(cbc), "7649ABAC8119B246CEE98E9B12E9197D5086CB9B507219EE95DB113A917678B2");
  assertEquals(decryptCbc(KEY, iv, cbc), MESSAGE.slice(0, 32));
  const counter = fromHex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  const ctr = cryptCtr(KEY, counter, MESSAGE.subarray(0, 20));
  assertEquals(toHex(ctr), "874D6191B620E3261BEF6864990DB6CE9806F66B");
  assertEquals(cryptCtr(KEY, counter, ctr), MESSAGE.slice(0, 20));
});

Deno.test("crc16() gives the check value of the CRC of EN 13757", () => {
  assertEquals(crc16(new TextEncoder().encode("123456789")), 0xc2b7);
});
