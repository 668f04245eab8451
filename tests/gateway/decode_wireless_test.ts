import { assertEquals, assertRejects } from "@std/assert";
import { encodeWirelessTelegram, fromHex, toHex } from "@mbus-gateway/mbus";
import { UsageError } from "@mbus-gateway/resource";
import { lines, run } from "./decode_run.ts";

const KEY = "000102030405060708090A0B0C0D0E0F";
const WRONG = "FF0102030405060708090A0B0C0D0E0F";
const METER = { manufacturer: "KAM", identification: "12345678", version: 1, deviceTypeCode: 4 };

const ENCRYPTED = hexOf({ security: { mode: 5, key: fromHex(KEY) } });
const CLEAR = hexOf({});

function hexOf(more: Partial<Parameters<typeof encodeWirelessTelegram>[0]>): string {
  const records = [{ field: "int32", vib: "06", value: 42 } as const];
  return toHex(encodeWirelessTelegram({ ...METER, header: "short", accessNumber: 7, records, ...more }));
}

Deno.test("decodeCommand() decodes wireless telegrams, with CRCs and without", async () => {
  for (const format of ["A", "B", "none"] as const) {
    const [telegram] = lines((await run([hexOf({ format }), "--format=json"])).out);
    assertEquals([telegram.ok, telegram.link, telegram.identification], [true, "wireless", "12345678"]);
    assertEquals(telegram.records[0].value, "42000");
    assertEquals([telegram.encryption, telegram.address, telegram.values], [null, null, {}]);
  }
  const { out } = await run([CLEAR]);
  assertEquals(out.includes("wireless telegram, CI 7A, manufacturer KAM, identification 12345678"), true, out);
});

Deno.test("decodeCommand() decrypts with one key, or with those of a file", async () => {
  const files = {
    "lines.txt": `# keys\n\n87654321 ${WRONG}\nKAM 12345678   ${KEY.toLowerCase()} # heat\n`,
    "bare.txt": `12345678=${KEY}`,
    "keys.json": JSON.stringify({ "12345678": KEY }),
  };
  const ways = [["--key", KEY], ["--keys", "lines.txt"], ["--keys=bare.txt"], ["--keys=keys.json"]];
  for (const way of ways) {
    const { code, out } = await run([ENCRYPTED, "--format=json", ...way], [], files);
    const telegram = JSON.parse(out);
    assertEquals([code, telegram.encryption, telegram.records[0].value], [0, "mode_5", "42000"], way.join(" "));
  }
});

Deno.test("decodeCommand() tells a missing, a wrong and an unusable key apart, and names the meter", async () => {
  const cases: [string[], string][] = [[[], "key_missing"], [["--key", WRONG], "key_wrong"]];
  for (const [args, expected] of cases) {
    const { code, out, err } = await run([ENCRYPTED, "--format=json", ...args]);
    assertEquals([code, JSON.parse(out).code, err.includes("KAM 12345678")], [1, expected, true]);
  }
  const mode13 = ENCRYPTED.slice(0, 28) + "0D" + ENCRYPTED.slice(30);
  assertEquals(JSON.parse((await run([mode13, "--format=json", "--key", KEY])).out).code, "unsupported");
  const damaged = hexOf({ format: "A" }).replace(/.$/, (digit) => digit === "0" ? "1" : "0");
  assertEquals(JSON.parse((await run([damaged, "--format=json"])).out).code, "crc");
});

Deno.test("decodeCommand() takes the key that stands on a telegram's line", async () => {
  const input = [
    JSON.stringify({ telegram: ENCRYPTED, key: KEY }),
    JSON.stringify({ telegram: ENCRYPTED, key: WRONG }),
    JSON.stringify({ telegram: ENCRYPTED, key: "12" }),
    JSON.stringify({ telegram: ENCRYPTED, key: null }),
    ENCRYPTED,
    CLEAR,
  ].join("\n");
  const outcomes = lines((await run(["--format=ndjson"], [input])).out).map((line) => line.ok || line.code);
  assertEquals(outcomes, [true, "key_wrong", "json", "key_missing", "key_missing", true]);
});

Deno.test("decodeCommand() writes the very JSON that the telegram gives, on a line and alone", async () => {
  const alone = (await run([ENCRYPTED, "--format=json", "--key", KEY])).out;
  assertEquals((await run(["--format=ndjson", "--key", KEY], [ENCRYPTED])).out, alone);
  assertEquals(alone, JSON.stringify(JSON.parse(alone)) + "\n");
});

Deno.test("decodeCommand() refuses keys that are none, and shows nothing of them", async () => {
  const files = { "bad.txt": `12345678 ${KEY}00`, "bad.json": `{"12345678": "${KEY}"`, "no.txt": `secret-word ${KEY}` };
  const cases: [string[], string][] = [
    [["--key", "12"], "32 hex digits"],
    [["--key", KEY, "--keys", "bad.txt"], "exclude each other"],
    [["--keys", "bad.txt"], "bad.txt, line 1: expected"],
    [["--keys", "bad.json"], "begins as JSON"],
    [["--keys", "no.txt"], "no.txt, line 1: expected"],
    [["--keys", "none.txt"], "there is no file none.txt"],
  ];
  for (const [args, message] of cases) {
    const error = await assertRejects(() => run([ENCRYPTED, ...args], [], files), UsageError, message);
    assertEquals(error.message.includes(KEY.slice(0, 8)), false);
  }
});
