import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "@mbus-gateway/resource";
import { decodeCommand } from "../../gateway/decode_command.ts";
import { lines, run } from "./decode_run.ts";

const HEX = "681515680805727856341224400107550000000C13436504001F16";
const CUT = "68 12 12 68 08 05 72 78 56 34 12 24 40 01 07 55 00 00 00 0C 13 43 B6 16";

Deno.test("decodeCommand() prints a table that a person reads", async () => {
  const { code, out, err } = await run([HEX]);
  assertEquals([code, err], [0, ""]);
  assertEquals(out.includes("manufacturer PAD, identification 12345678, water"), true);
  assertEquals(/volume\s+46\.543\s+m3\s+instantaneous/.test(out), true, out);
});

Deno.test("decodeCommand() takes hex in several words, from a file, and from standard input", async () => {
  const expected = (await run([HEX, "--format", "json"])).out;
  assertEquals(JSON.parse(expected).records[0].value, "46.543");
  assertEquals((await run([...HEX.match(/../g) ?? [], "--format=json"])).out, expected);
  assertEquals((await run(["meter.hex", "--format=json"], [], { "meter.hex": `${HEX}\n` })).out, expected);
  assertEquals((await run(["-", "--format=json"], [HEX.slice(0, 9), HEX.slice(9)])).out, expected);
  assertEquals((await run(["--format=json"], [HEX])).out, expected);
});

Deno.test("decodeCommand() prints the fields of a telegram by their names", async () => {
  const telegram = JSON.parse((await run([HEX, "--format", "json"])).out);
  assertEquals(Object.keys(telegram), [
    "ok",
    "link",
    "ci",
    "address",
    "identification",
    "manufacturer",
    "version",
    "deviceTypeCode",
    "deviceType",
    "accessNumber",
    "status",
    "encryption",
    "moreRecordsFollow",
    "records",
    "manufacturerData",
    "profile",
    "values",
  ]);
});

Deno.test("decodeCommand() explains every byte", async () => {
  const { out } = await run([HEX, "--format", "annotated"]);
  assertEquals(out.includes("  21  43 65 04 00  value 46.543 m3\n"), true, out);
  const broken = await run([HEX.replace("1F16", "2F16"), "--format", "annotated"]);
  assertEquals(broken.code, 1);
  assertEquals(broken.out.includes("Cannot read frame: checksum is 0x2F, bytes sum to 0x1F (offset 25)"), true);
});

Deno.test("decodeCommand() says in a sentence why one telegram cannot be decoded, and exits 1", async () => {
  const cases: [string[], string, string][] = [
    [[HEX.replace("1F16", "2F16")], "checksum", "Cannot read frame: checksum is 0x2F"],
    [["E5"], "unsupported", "Cannot decode telegram: an acknowledgement"],
    [[HEX.slice(0, 20)], "truncated", "Cannot read frame: at least 17 bytes are missing"],
    [["68zz"], "hex", 'Cannot read hex: "z" is no hex digit'],
    [["no-such-file.hex"], "hex", "Cannot read no-such-file.hex: it is neither hex digits nor a file"],
    [[CUT], "truncated", "Cannot read record: the telegram ends within its data"],
  ];
  for (const [args, code, sentence] of cases) {
    const text = await run(args);
    assertEquals([text.code, text.err.startsWith(sentence)], [1, true], text.err);
    const json = await run([...args, "--format", "json"]);
    const { ok, code: found, offset, error } = JSON.parse(json.out);
    assertEquals([json.code, ok, found, typeof offset, error.startsWith(sentence)], [1, false, code, "number", true]);
  }
});

Deno.test("decodeCommand() shows the records that stand before a cut", async () => {
  const { partial } = JSON.parse((await run([CUT, "--format", "json"])).out);
  assertEquals([partial.identification, partial.records.length], ["12345678", 1]);
  assertEquals((await run([CUT])).out.includes("identification 12345678"), true);
});

Deno.test("decodeCommand() writes one object a line, in order, for bad ones too", async () => {
  const input = [HEX, "", `{"telegram":"${HEX}","key":"${"00".repeat(16)}"}`, "{", `{"hex":1}`, "E5", "x", HEX];
  const text = input.join("\n");
  for (const chunks of [[text], [...text], [text + "\n"], [input.join("\r\n")]]) {
    const { code, out } = await run(["--format", "ndjson"], chunks);
    const outcomes = lines(out).map((line) => line.ok || line.code);
    assertEquals([code, outcomes], [0, [true, "truncated", true, "json", "json", "unsupported", "hex", true]]);
  }
});

Deno.test("decodeCommand() keeps no line that is too long to be a telegram", async () => {
  const chunks = [HEX, "\n", ...Array.from({ length: 20 }, () => "00".repeat(5000)), "\n", HEX];
  const outcomes = lines((await run(["-", "--format", "ndjson"], chunks)).out).map((line) => line.ok || line.code);
  assertEquals(outcomes, [true, "length", true]);
});

Deno.test("decodeCommand() streams: output appears while input is still to come, and waits for its reader", async () => {
  let written = 0;
  let fed = 0;
  const batch = new TextEncoder().encode(`${HEX}\n`.repeat(1000));
  const stdin = new ReadableStream<Uint8Array>({
    pull(controller) {
      // what is read ahead of what has been written stays a few batches, however long the input is
      assertEquals(fed - written <= 4000, true, `${fed} lines fed, ${written} written`);
      if (fed >= 20_000) return controller.close();
      fed += 1000;
      controller.enqueue(batch);
    },
  });
  const count = async (bytes: Uint8Array) => {
    await Promise.resolve();
    written += new TextDecoder().decode(bytes).split("\n").length - 1;
  };
  const nothing = () => Promise.resolve("");
  const code = await decodeCommand(["--format", "ndjson"], {
    stdin,
    stdout: count,
    stderr: count,
    readTextFile: nothing,
  });
  assertEquals([code, written], [0, 20_000]);
});

Deno.test("decodeCommand() refuses a wrong command line", async () => {
  const cases: [string[], string][] = [
    [["--format", "xml", HEX], 'format is "xml", expected one of text, json, ndjson, annotated'],
    [["--frobnicate", HEX], 'there is no option "--frobnicate"'],
    [["--keys"], "--keys needs a FILE"],
    [["-", HEX], "reads standard input"],
  ];
  for (const [args, message] of cases) await assertRejects(() => run(args), UsageError, message);
});

Deno.test("decodeCommand() explains itself, and what it does with keys", async () => {
  const { code, out } = await run(["--help"]);
  assertEquals(code, 0);
  assertEquals(out.includes("--format"), true);
  assertEquals(out.includes("--keys FILE"), true);
});
