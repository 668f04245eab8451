import { assertEquals, assertNotEquals } from "@std/assert";
import { encodeWirelessTelegram, type WirelessTelegramToEncode } from "@mbus-gateway/mbus";
import { addressText, lookAtFrame } from "../../../gateway/radio/radio_frame.ts";
import { keyOf } from "../../simulator/radio/radio_meter.ts";

const METER = { manufacturer: "KAM", identification: "12345678", version: 27, deviceTypeCode: 22 };
const records = [{ field: "int32", vib: "13", value: 1000 }] as const;

function look(telegram: Partial<WirelessTelegramToEncode>) {
  return lookAtFrame(encodeWirelessTelegram({ ...METER, records, ...telegram }));
}

Deno.test("lookAtFrame() tells sender and secondary address", () => {
  const { sender, senderBytes, meterBytes, hasReadings } = look({});
  assertEquals(sender, METER);
  assertEquals(addressText(senderBytes), "123456782D2C1B16");
  assertEquals([meterBytes, hasReadings], [null, true]);
});

Deno.test("lookAtFrame() tells the meter that an adapter speaks for", () => {
  const adapter = { manufacturer: "ADA", identification: "00000007", version: 1, deviceTypeCode: 0x37 };
  const { sender, meterBytes } = look({ adapter, header: "long", extendedLinkLayer: {} });
  assertEquals(sender.identification, "00000007");
  assertEquals(meterBytes && addressText(meterBytes), "123456782D2C1B16");
});

Deno.test("lookAtFrame() sees no readings in acknowledgements, in commands and in an empty frame", () => {
  for (const control of [0x47, 0x48, 0x53, 0x5b, 0x40]) assertEquals(look({ control }).hasReadings, false);
  for (const control of [0x44, 0x46, 0x08]) assertEquals(look({ control }).hasReadings, true);
  assertEquals(lookAtFrame(Uint8Array.fromHex("09442d2c785634121b16")).hasReadings, false);
});

Deno.test("lookAtFrame() finds the same telegram behind what a repeater changes, and no other", () => {
  const frame = encodeWirelessTelegram({ ...METER, records });
  const again = frame.slice();
  again[13] = (again[13] as number) | 0x01; // configuration word: hop
  assertEquals(lookAtFrame(again).sameness, lookAtFrame(frame).sameness);
  assertNotEquals(look({ accessNumber: 1 }).sameness, look({}).sameness);
  for (const key of [undefined, keyOf("12345678")]) {
    const ell = (control: number) => look({ extendedLinkLayer: { control, session: 7, key } }).sameness;
    assertEquals(ell(0x10), ell(0x00), "the hop bit of an extended link layer");
    assertNotEquals(ell(0x20), ell(0x00));
  }
});

Deno.test("lookAtFrame() tells kinds of telegrams of a meter apart", () => {
  assertEquals(look({ accessNumber: 1 }).kind, look({ accessNumber: 2 }).kind);
  assertNotEquals(look({ compact: true }).kind, look({}).kind);
});
