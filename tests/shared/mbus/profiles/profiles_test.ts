import { assertEquals, assertMatch } from "@std/assert";
import { fromHex } from "@mbus-gateway/mbus";
import { PROFILES } from "../../../../shared/mbus/profiles/all_profiles.ts";
import { applyKeyStream } from "../../../../shared/mbus/profiles/diehl_izar.ts";
import { findProfile } from "../../../../shared/mbus/profiles/read_profile.ts";
import { decodeWirelessTelegram } from "../../../../shared/mbus/wireless/mod.ts";

for (const { name, samples } of PROFILES) {
  Deno.test(`profile ${name} reads its own telegrams as it says`, () => {
    assertEquals(samples.length > 0, true, "a profile without a telegram proves nothing");
    for (const { telegram, values } of samples) {
      const decoded = decodeWirelessTelegram(fromHex(telegram));
      assertEquals([decoded.profile, decoded.values], [name, values], telegram);
    }
  });
}

Deno.test("profiles name themselves and their fields in small letters, in base units", () => {
  const units = new Set(["", "m3", "s", "year", "m3·°C"]);
  for (const { name, samples } of PROFILES) {
    assertMatch(name, /^[a-z0-9_]+$/);
    for (const { values } of samples) {
      for (const [field, { unit }] of Object.entries(values)) {
        assertMatch(field, /^[a-z0-9_]+$/);
        assertEquals(units.has(unit), true, `${name} ${field} in ${unit}`);
      }
    }
  }
  assertEquals(new Set(PROFILES.map(({ name }) => name)).size, PROFILES.length);
});

Deno.test("findProfile() prefers what says most about a meter, and knows no others", () => {
  const meter = { manufacturer: "TCH", version: 0x74, deviceTypeCode: 0x62, ci: 0xa2 };
  assertEquals(findProfile(meter)?.name, "techem_mk_radio");
  assertEquals(findProfile({ ...meter, ci: 0xa0 }), null);
  assertEquals(findProfile({ ...meter, version: 0x01 }), null);
  assertEquals(
    findProfile({ manufacturer: "KAM", version: 0xff, deviceTypeCode: 0x04, ci: 0x78 })?.name,
    "kamstrup_heat",
  );
  assertEquals(findProfile({ manufacturer: "HYD", version: 1, deviceTypeCode: 2, ci: 0xa7 })?.name, "diehl_izar");
  assertEquals(findProfile({ manufacturer: "XYZ", version: 0, deviceTypeCode: 0, ci: 0x7a }), null);
});

Deno.test("diehl_izar reads the address in its maker's order", () => {
  const [swapped, plain] = PROFILES.find(({ name }) => name === "diehl_izar")?.samples ?? [];
  const first = decodeWirelessTelegram(fromHex(swapped?.telegram ?? ""));
  assertEquals([first.identification, first.version, first.deviceTypeCode], ["56783412", 0x78, 0x07]);
  const second = decodeWirelessTelegram(fromHex(plain?.telegram ?? ""));
  assertEquals([second.identification, second.version, second.deviceType], ["21000042", null, "water"]);
});

Deno.test("diehl_izar leaves a payload alone that no factory key unscrambles", () => {
  const [sample] = PROFILES.find(({ name }) => name === "diehl_izar")?.samples ?? [];
  const bytes = fromHex(sample?.telegram ?? "");
  bytes[15] = (bytes[15] ?? 0) ^ 0x80;
  const telegram = decodeWirelessTelegram(bytes);
  assertEquals([telegram.profile, telegram.identification], [null, "34120778"]);
  assertEquals(telegram.manufacturerData?.length, 2 * (bytes.length - 11));
});

Deno.test("applyKeyStream() is its own inverse", () => {
  const frame = fromHex("1944A51178071234785678A2018A00134B15CD5B0700E1F505BF");
  const scrambled = Uint8Array.from([...frame.subarray(0, 15), ...applyKeyStream(frame, 0x12345678)]);
  assertEquals(applyKeyStream(scrambled, 0x12345678), frame.slice(15));
});
