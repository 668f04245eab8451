import { assertEquals } from "@std/assert";
import { decodeTelegram, fromHex } from "@mbus-gateway/mbus";

/** Telegrams made up for this project; what they say has been checked by hand against the standard's tables. */
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
