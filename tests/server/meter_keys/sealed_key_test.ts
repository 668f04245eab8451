import { assertEquals, assertNotEquals } from "@std/assert";
import { keyFingerprint, keySecret, openKey, sealKey } from "../../../server/meter_keys/sealed_key.ts";

const secret = keySecret(new Uint8Array(32).fill(1));
const owner = { tenantId: 1, manufacturer: "ELS", identification: "44493951" };
const key = Uint8Array.fromHex("000102030405060708090a0b0c0d0e0f");

Deno.test("openKey() gives the key again, and to nobody else", () => {
  const sealed = sealKey(secret, owner, key);
  assertEquals(openKey(secret, owner, sealed), key);
  assertEquals(openKey(keySecret(new Uint8Array(32).fill(2)), owner, sealed), null);
  assertEquals(openKey(secret, { ...owner, tenantId: 2 }, sealed), null);
  assertEquals(openKey(secret, { ...owner, identification: "44493952" }, sealed), null);
  for (let at = 0; at < sealed.length; at++) {
    assertEquals(openKey(secret, owner, sealed.with(at, (sealed[at] ?? 0) ^ 1)), null);
  }
  assertEquals(openKey(secret, owner, sealed.subarray(0, 20)), null);
});

Deno.test("sealKey() never gives the same bytes twice, and none of the key's", () => {
  const [one, two] = [sealKey(secret, owner, key), sealKey(secret, owner, key)];
  assertNotEquals(one, two);
  assertEquals(one.toHex().includes(key.toHex()), false);
});

Deno.test("keyFingerprint() tells two keys and two meters apart", () => {
  const other = key.with(0, 1);
  assertEquals(keyFingerprint(owner, key), keyFingerprint(owner, key));
  assertNotEquals(keyFingerprint(owner, key), keyFingerprint(owner, other));
  assertNotEquals(keyFingerprint(owner, key), keyFingerprint({ ...owner, identification: "44493952" }, key));
});
