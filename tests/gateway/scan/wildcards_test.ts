import { assert, assertEquals } from "@std/assert";
import { ANYBODY, dimensions, hexNumbers } from "../../../gateway/scan/wildcards.ts";
import { parseBusAddress, selects } from "../../../gateway/bus_address.ts";

function isSelected(mask: string, address: string): boolean {
  const [selection, identity] = [parseBusAddress(mask), parseBusAddress(address)];
  return selection.kind === "secondary" && identity.kind === "secondary" &&
    selects(selection.selection, identity.selection);
}

/** The open parts of a mask, in the order in which a scan fixes them. */
const openIn = (mask: string, digits: "decimal" | "hex" = "decimal") =>
  dimensions(digits).filter((dimension) => dimension.isOpen(mask));

Deno.test("dimensions() fix the digits of a number one after the other, then type, version and maker", () => {
  let mask = ANYBODY;
  const masks: string[] = [];
  for (let fixed = 0; fixed < 10; fixed++) masks.push(mask = openIn(mask)[0]?.children(mask)[1] ?? "");
  assertEquals(masks.slice(0, 2), ["1FFFFFFFFFFFFFFF", "11FFFFFFFFFFFFFF"]);
  assertEquals(masks.slice(7), ["11111111FFFFFFFF", "11111111FFFFFF01", "11111111FFFF0101"]);
  assertEquals(openIn(mask)[0]?.children(mask).slice(0, 2), ["11111111FF000101", "11111111FF010101"]);
});

Deno.test("the children of a mask share no meter and leave out no decimal one", () => {
  for (const [mask, address] of [[ANYBODY, "50000000" + "2D2C0104"], ["12FFFFFFFFFFFFFF", "12345678" + "2D2C0104"]]) {
    for (const dimension of openIn(mask ?? "").filter(({ isEnhanced }) => !isEnhanced).slice(0, 8)) {
      const children = dimension.children(mask ?? "");
      assertEquals(children.filter((child) => isSelected(child, address ?? "")).length, 1);
    }
  }
});

Deno.test("an address that is whole is told apart by the fabrication number alone", () => {
  const open = openIn("123456782D2C0104");
  assertEquals(open.length, 8);
  assert(open.every(({ isEnhanced }) => isEnhanced));
  assertEquals(open[0]?.children("123456782D2C0104")[7], "123456782D2C0104/7FFFFFFF");
  assertEquals(open[1]?.children("123456782D2C0104/7FFFFFFF")[0], "123456782D2C0104/70FFFFFF");
});

Deno.test("hexNumbers() select every meter whose number has a digit from A to E, and no decimal one", () => {
  for (const number of ["0500023E", "A0000000", "ABCDEABC"]) {
    assert(hexNumbers().some((mask) => isSelected(mask, `${number}2D2C0104`)), number);
  }
  assertEquals(hexNumbers().filter((mask) => isSelected(mask, "123456782D2C0104")), []);
  assertEquals(openIn("AFFFFFFFFFFFFFFF", "hex")[0]?.children("AFFFFFFFFFFFFFFF").length, 15);
});
