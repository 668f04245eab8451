import { assertEquals } from "@std/assert";
import { rtl433 } from "../../../../gateway/radio/receivers/rtl_433.ts";
import { rtlWmbus } from "../../../../gateway/radio/receivers/rtl_wmbus.ts";
import { ascii, cutEverywhere, framesOf } from "../pieces.ts";

const FRAME = "294468505822939376F0A0009F27B6280028B62800000E000131006BA1007CB2008DC3009ED4000FE500";
/** As the program writes it. */
const WMBUS_LINE = `T1;1;1;2020-05-28 22:22:56.000;26;27;93932258;0x${FRAME.toLowerCase()}\n`;
const KAMSTRUP = "2844372c900302533c168d009020f06820ae40c3b3ce84478a75e161f3abf525b2695bb7a01fa0ff41";

Deno.test("rtl_wmbus lines are read, cut at every byte; their strength is no dBm", () => {
  for (const messages of cutEverywhere(rtlWmbus.reader, ascii(WMBUS_LINE))) {
    assertEquals(messages, [{ type: "telegram", frame: Uint8Array.fromHex(FRAME), rssi: null }]);
  }
});

Deno.test("rtl_wmbus lines with wrong CRCs, cut or of another program are not taken", () => {
  const wrong = [WMBUS_LINE.replace("T1;1;1", "T1;0;1"), WMBUS_LINE.replace("T1;1;1", "T1;1;0"), "Found 1 device(s)\n"];
  for (const line of [...wrong, WMBUS_LINE.slice(0, -9) + "\n", `T1;1;1;x;1;1;1;0x4\n`]) {
    assertEquals(framesOf(rtlWmbus.reader().push(ascii(line))), [], line);
  }
});

Deno.test("rtl_433 lines are read in both formats, among those of other devices", () => {
  const other = `{"time":"2026-01-31 12:00:00","model":"Bresser-6in1","id":42725167}\n`;
  // Of format A: the L field lowered by two, the last CRC behind the frame.
  const formatA = "0e" + "442d2c785634121b16780413e8030000" + "1234";
  const line = (data: string) => `{"model":"Wireless-MBus","mode":"T","data":"${data}","mic":"CRC"}\n`;
  const messages = rtl433.reader().push(ascii(other + line(KAMSTRUP) + line(formatA)));
  assertEquals(framesOf(messages), [KAMSTRUP.toUpperCase(), "10442D2C785634121B16780413E8030000"]);
});

Deno.test("a line without end costs bounded memory, and the next one is read", () => {
  const reader = rtlWmbus.reader();
  let spoilt = 0;
  for (let i = 0; i < 100; i++) spoilt += reader.push(ascii("x".repeat(1000))).length;
  assertEquals(spoilt, 1);
  assertEquals(framesOf(reader.push(ascii("\n" + WMBUS_LINE))), [FRAME]);
});
