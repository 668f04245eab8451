import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "@mbus-gateway/resource";
import { parseKeyFile } from "../../../server/meter_keys/key_file.ts";

const KEY = "000102030405060708090A0B0C0D0E0F";

Deno.test("parseKeyFile() reads meters and keys, comments and leading zeros", () => {
  const keys = parseKeyFile("keys.txt", `# site\nELS 44493951 ${KEY}\n\nkam/1234 ${KEY.toLowerCase()} # flat 2\r\n`);
  assertEquals(keys.map(({ manufacturer, identification }) => `${manufacturer} ${identification}`), [
    "ELS 44493951",
    "KAM 00001234",
  ]);
  assertEquals(keys[1]?.key.toHex().toUpperCase(), KEY);
});

Deno.test("parseKeyFile() names the line that is none, and never shows it", () => {
  const error = assertThrows(() => parseKeyFile("keys.txt", `ELS 1 ${KEY}\n44493951 ${KEY}`), UsageError);
  assertStringIncludes(error.message, "keys.txt, line 2: expected");
  assertEquals(error.message.includes(KEY), false);
});
