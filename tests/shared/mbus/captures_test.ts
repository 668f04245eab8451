import { assertEquals } from "@std/assert";
import { decodeTelegram, fromHex } from "@mbus-gateway/mbus";

/**
 * Telegrams made up for this project. What the JSON files say (header, and of each record function, storage number,
 * tariff, subunit, quantity, unit, modifiers, value, and whether there is an error) has been worked out from the bytes by
 * hand, with the standard's tables and apart from the decoder, and compared.
 */
const FOLDER = `${import.meta.dirname}/../../telegrams`;

const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith(".hex"));

for (const name of names.sort()) {
  const hex = `${FOLDER}/${name}`;
  const json = hex.replace(/hex$/, "json");
  Deno.test(`decodeTelegram() reads ${name}`, async () => {
    const telegram = decodeTelegram(fromHex(await Deno.readTextFile(hex)));
    assertEquals(JSON.parse(JSON.stringify(telegram)), JSON.parse(await Deno.readTextFile(json)));
  });
}

Deno.test("the captures are there", () => assertEquals(names.length >= 7, true));
