import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigurationError, silentLog } from "@mbus-gateway/resource";
import { readKeySecrets } from "../../../server/meter_keys/key_secret.ts";

Deno.test("readKeySecrets() reads hex and base64, the current one first", async () => {
  const folder = await Deno.makeTempDir();
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  await Deno.writeTextFile(`${folder}/hex`, `${bytes.toHex()}\n`);
  await Deno.writeTextFile(`${folder}/base64`, `${new Uint8Array(32).fill(9).toBase64()}\n`);
  const secrets = readKeySecrets({ current: `${folder}/hex`, old: `${folder}/base64`, make: false }, silentLog);
  assertEquals(secrets.current?.bytes, bytes);
  assertEquals(secrets.all.map(({ bytes }) => bytes[0]), [bytes[0], 9]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("readKeySecrets() makes a secret for this user alone where it may, and reads it again", async () => {
  const folder = await Deno.makeTempDir();
  const files = { current: `${folder}/secret`, old: null, make: true };
  const made = readKeySecrets(files, silentLog);
  assertEquals((await Deno.stat(files.current)).mode! & 0o777, 0o600);
  assertEquals(readKeySecrets(files, silentLog).current, made.current);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("readKeySecrets() says which file is missing or holds something else, never what it holds", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "0011secret");
  const bad = assertThrows(
    () => readKeySecrets({ current: file, old: null, make: true }, silentLog),
    ConfigurationError,
  );
  assertStringIncludes(bad.message, `Cannot use METER_KEYS_SECRET_FILE ${file}`);
  assertEquals(bad.message.includes("0011secret"), false);
  const none = { current: null, old: `${file}.none`, make: true };
  const missing = assertThrows(() => readKeySecrets(none, silentLog), ConfigurationError);
  assertStringIncludes(missing.message, "METER_KEYS_OLD_SECRET_FILE");
  await Deno.remove(file);
});
