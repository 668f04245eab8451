import { assertEquals } from "@std/assert";
import { encodeFrame } from "@mbus-gateway/mbus";
import { decodedOrNull, fabricationNumberIn, identityIn, sameMeter } from "../../gateway/meter_identity.ts";
import { telegram } from "./scripted_segment.ts";

const NAMELESS = encodeFrame({
  type: "long",
  control: 0x08,
  address: 5,
  ci: 0x78,
  data: new Uint8Array([1, 0xfd, 8, 1]),
});

Deno.test("sameMeter() goes by what telegrams say of their meter, and not by their primary address or values", () => {
  assertEquals(sameMeter(telegram({ address: 5, energy: 1 }), telegram({ address: 9, energy: 2 })), true);
  assertEquals(sameMeter(telegram(), telegram({ identification: "12345679" })), false);
});

Deno.test("sameMeter() proves nothing by telegrams without a header, the same or none at all", () => {
  assertEquals(sameMeter(NAMELESS, NAMELESS), false);
  assertEquals(sameMeter(undefined, undefined), false);
  assertEquals(sameMeter(telegram(), Uint8Array.of(0x68)), false);
});

Deno.test("identityIn() is the secondary address in the order of the wire", () => {
  assertEquals(identityIn(telegram())?.toHex(), "785634122d2c0104");
  assertEquals(identityIn(NAMELESS), null);
});

Deno.test("fabricationNumberIn() is eight digits, where a telegram states it", () => {
  const stated = telegram({ records: [{ field: "bcd8", vib: "78", value: 4711 }] });
  assertEquals(fabricationNumberIn(stated), "00004711");
  assertEquals(fabricationNumberIn(telegram()), null);
  assertEquals(fabricationNumberIn(Uint8Array.of(0xe5)), null);
});

Deno.test("decodedOrNull() has nothing to say of what cannot be decoded", () => {
  assertEquals(decodedOrNull(telegram())?.identification, "12345678");
  assertEquals(decodedOrNull(Uint8Array.of(0xe5)), null);
});
