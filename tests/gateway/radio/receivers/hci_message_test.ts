import { assertEquals } from "@std/assert";
import { encodeHci, hciCheck, parseHci } from "../../../../gateway/radio/receivers/hci_message.ts";

Deno.test("hciCheck() is the CRC of ITU-T V.42, whose check value is 906E", () => {
  assertEquals(hciCheck(new TextEncoder().encode("123456789")), 0x906e);
  assertEquals(encodeHci({ endpoint: 1, id: 0x0f, payload: new Uint8Array(0) }).toHex(), "a5810f003413");
});

Deno.test("parseHci() reads timestamp, strength and checksum as the control byte announces them", () => {
  // As an iM871A sends it with everything attached: four bytes of time, one of strength.
  const bare = Uint8Array.fromHex("a5620301aa0102030464");
  assertEquals(parseHci(bare), {
    message: { endpoint: 2, id: 3, payload: Uint8Array.of(0xaa), rssi: 0x64, checked: false },
    length: bare.length,
  });
  assertEquals(parseHci(bare.subarray(0, 9)), { needs: 10 });
  assertEquals(parseHci(bare.subarray(0, 3)), { needs: 4 });
});

Deno.test("parseHci() refuses a wrong checksum and what can be no message", () => {
  const message = encodeHci({ endpoint: 1, id: 2, payload: Uint8Array.of(7) });
  message[4] = 8;
  assertEquals("problem" in parseHci(message), true);
  assertEquals(parseHci(Uint8Array.of(0xa5, 0x85, 0x01, 0x00)), { problem: null }, "endpoint 5 does not exist");
});
