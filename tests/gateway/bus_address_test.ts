import { assertEquals, assertThrows } from "@std/assert";
import { ConfigurationError } from "@mbus-gateway/resource";
import { parseBusAddress, secondaryText, selects } from "../../gateway/bus_address.ts";

Deno.test.each([["p0", 0], ["p5", 5], ["p250", 250], ["p253", 253], ["p255", 255]])(
  "parseBusAddress() reads %s",
  (text, address) => {
    assertEquals(parseBusAddress(text), { kind: "primary", text, address });
  },
);

Deno.test("parseBusAddress() puts a secondary address in the order of the wire", () => {
  assertEquals(parseBusAddress("123456782d2c0104"), {
    kind: "secondary",
    text: "123456782D2C0104",
    address: 253,
    selection: new Uint8Array([0x78, 0x56, 0x34, 0x12, 0x2d, 0x2c, 0x01, 0x04]),
    fabricationNumber: null,
  });
});

Deno.test("parseBusAddress() takes a fabrication number behind a stroke", () => {
  const address = parseBusAddress("123456782d2c0104/00004711");
  if (address.kind !== "secondary") throw new Error("Cannot go on: the address is secondary");
  assertEquals(address.fabricationNumber, new Uint8Array([0x11, 0x47, 0, 0]));
  assertEquals(secondaryText(address.selection), "123456782D2C0104");
});

Deno.test.each([
  ["p251"],
  ["p252"],
  ["p256"],
  ["123456782D2C0104/471"],
  ["p05"],
  ["p-1"],
  ["5"],
  [""],
  ["p"],
  ["1234567"],
  ["123456782D2C010G"],
  ["P5"],
])(
  "parseBusAddress() refuses '%s'",
  (text) => {
    assertThrows(() => parseBusAddress(text), ConfigurationError, `Cannot use address: "${text}" is no meter's`);
  },
);

Deno.test.each([
  ["123456782D2C0104", true],
  ["F23F567F2D2C0104", true],
  ["FFFFFFFFFFFFFFFF", true],
  ["12345678FFFF0104", true],
  ["123456792D2C0104", false],
  ["123456782D2C0107", false],
  ["123456782D2C0F04", false],
  ["F23F567F2D2C0204", false],
])("selects() compares %s with a meter's identity", (asked, expected) => {
  const selected = parseBusAddress(asked);
  const identity = new Uint8Array([0x78, 0x56, 0x34, 0x12, 0x2d, 0x2c, 0x01, 0x04]);
  if (selected.kind !== "secondary") throw new Error("Cannot go on: the address is secondary");
  assertEquals(selects(selected.selection, identity), expected);
  assertEquals(selects(selected.selection, identity.subarray(0, 7)), false);
});
