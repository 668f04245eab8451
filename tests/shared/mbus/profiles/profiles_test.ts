import { assertEquals, assertMatch } from "@std/assert";
import { decodeTelegram, fromHex } from "@mbus-gateway/mbus";
import { PROFILES } from "../../../../shared/mbus/profiles/all_profiles.ts";
import { applyKeyStream } from "../../../../shared/mbus/profiles/diehl_izar.ts";
import { manufacturerCode } from "../../../../shared/mbus/manufacturer.ts";
import type { Profile } from "../../../../shared/mbus/profiles/profile.ts";
import { findProfile, ProfileIndex } from "../../../../shared/mbus/profiles/read_profile.ts";
import { decodeWirelessTelegram } from "../../../../shared/mbus/wireless/mod.ts";

for (const { name, samples } of PROFILES) {
  Deno.test(`profile ${name} reads its own telegrams as it says`, () => {
    assertEquals(samples.length > 0, true, "a profile without a telegram proves nothing");
    for (const { telegram, values, records = {} } of samples) {
      const decoded = decodeTelegram(fromHex(telegram));
      assertEquals([decoded.profile, decoded.values], [name, values], telegram);
      const byKey = new Map(decoded.records.map(({ key, value }) => [key, value]));
      for (const [key, value] of Object.entries(records)) assertEquals(byKey.get(key), value, key);
      const json = JSON.parse(JSON.stringify(decoded));
      assertEquals([json.profile, json.values], [name, values]);
    }
  });
}

Deno.test("profiles name themselves and their fields in small letters, in base units", () => {
  const units = new Set(["", "m3", "s", "year", "m3·°C", "V", "A", "W", "Wh", "var", "VA", "Hz", "°"]);
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

const TCH = manufacturerCode("TCH");
const KAM = manufacturerCode("KAM");

Deno.test("findProfile() prefers what says most about a meter, and knows no others", () => {
  assertEquals(findProfile(TCH, 0x74, 0x62, 0xa2)?.name, "techem_mk_radio");
  assertEquals(findProfile(TCH, 0x74, 0x62, 0xa0), null);
  assertEquals(findProfile(TCH, 0x01, 0x62, 0xa2), null);
  assertEquals(findProfile(KAM, 0xff, 0x04, 0x78)?.name, "kamstrup_heat");
  assertEquals(findProfile(KAM | 0x8000, 0xff, 0x04, 0x72)?.name, "kamstrup_heat");
  assertEquals(findProfile(manufacturerCode("HYD"), 1, 2, 0xa7)?.name, "diehl_izar");
  assertEquals(findProfile(manufacturerCode("XYZ"), 0, 0, 0x7a), null);
});

/** As many makers as asked for, each with a profile of every kind of pattern. */
function profilesOf(makers: number): Profile[] {
  const letter = (value: number) => String.fromCharCode(65 + value % 26);
  return Array.from({ length: makers }, (_, i) => {
    const manufacturer = letter(i / 676) + letter(i / 26) + letter(i);
    return {
      name: `maker_${i}`,
      meters: [{ manufacturer, version: 1, deviceTypeCode: 7 }],
      read: () => ({}),
      samples: [],
    };
  });
}

Deno.test("ProfileIndex finds a profile by as many look-ups among 3 as among 300", () => {
  const lookUps = (makers: number) => {
    const index = new ProfileIndex(profilesOf(makers));
    assertEquals(index.find(manufacturerCode("AAB"), 1, 7, 0x7a)?.name, "maker_1");
    assertEquals(index.find(manufacturerCode("ZZZ"), 1, 7, 0x7a), null);
    return index.lookUps;
  };
  assertEquals(lookUps(300), lookUps(3));
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
