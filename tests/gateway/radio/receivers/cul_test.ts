import { assertEquals } from "@std/assert";
import { encodeWirelessTelegram } from "@mbus-gateway/mbus";
import { cul } from "../../../../gateway/radio/receivers/cul.ts";
import { ascii, cutEverywhere, framesOf } from "../pieces.ts";

const METER = { manufacturer: "KAM", identification: "12345678", version: 27, deviceTypeCode: 22 };
const TELEGRAM = { ...METER, header: "none", records: [{ field: "int32", vib: "13", value: 1000 }] } as const;
const PLAIN = encodeWirelessTelegram(TELEGRAM);
const A = encodeWirelessTelegram({ ...TELEGRAM, format: "A" }).toHex();
const B = encodeWirelessTelegram({ ...TELEGRAM, format: "B" }).toHex();

Deno.test("cul reads a line cut at every byte, in format A and in format B", () => {
  for (const line of [`b${A}3010\r\n`, `bY${B}3010\r\n`]) {
    for (const messages of cutEverywhere(cul.reader, ascii(line))) {
      assertEquals(messages, [{ type: "telegram", frame: PLAIN, rssi: -66 }]);
    }
  }
});

Deno.test("cul takes strength with or without quality before it, or neither", () => {
  for (const [behind, rssi] of [["", null], ["10", -66], ["3010", -66]] as const) {
    assertEquals(cul.reader().push(ascii(`b${A.toUpperCase()}${behind}\r\n`)), [{
      type: "telegram",
      frame: PLAIN,
      rssi,
    }]);
  }
});

Deno.test("cul takes no line of which a digit is changed or lost, and the next one all the same", () => {
  for (let at = 1; at <= 2 * PLAIN.length; at++) {
    const changed = A.slice(0, at) + (A[at] === "0" ? "1" : "0") + A.slice(at + 1);
    const messages = cul.reader().push(
      ascii(`b${changed}3010\r\nb${A.slice(0, at)}${A.slice(at + 1)}3010\r\nb${A}3010\r\n`),
    );
    assertEquals(framesOf(messages), [PLAIN.toHex().toUpperCase()], `digit ${at}`);
  }
});

Deno.test("cul hands on what is no telegram as an answer", () => {
  assertEquals(
    cul.reader().push(ascii("V 1.67 CSM868\r\nTMODE\r\n")).map((message) => message.type === "answer" && message.code),
    [
      "V 1.67 CSM868",
      "TMODE",
    ],
  );
});
