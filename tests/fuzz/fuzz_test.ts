import { assert, assertEquals } from "@std/assert";
import { decodeTelegram, fromHex } from "@mbus-gateway/mbus";
import { countingReads } from "./counting_reads.ts";
import { fuzz } from "./fuzz.ts";
import { MOST_READS } from "./main.ts";

Deno.test("fuzz() finds nothing that ends otherwise than in a telegram or a TelegramError", () => {
  const { decoded, refused, mostReads } = fuzz(20_000, 20260131);
  assert(decoded > 5_000, `${decoded} decoded`);
  for (const code of ["checksum", "length", "truncated", "unsupported", "crc", "key_wrong", "alarm"]) {
    assert(refused.has(code), `none was refused by ${code}`);
  }
  assert(mostReads <= MOST_READS, `${mostReads} reads of each byte`);
});

Deno.test("fuzz() gives the same for the same seed", () => {
  const outcome = () => {
    const { decoded, refused } = fuzz(500, 7);
    return { decoded, refused };
  };
  assertEquals(outcome(), outcome());
});

Deno.test("countingReads() counts the reads of a decoder", () => {
  const counted = countingReads(fromHex("681515680805727856341224400107550000000C13436504001F16"));
  const telegram = decodeTelegram(counted.bytes);
  const reads = counted.reads();
  assert(reads >= 27, `${reads} reads of 27 bytes`);
  assertEquals(telegram.identification, "12345678");
  assertEquals(counted.reads(), reads + 4);
});
