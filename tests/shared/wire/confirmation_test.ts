import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  encodeConfirmation,
  encodeHeartbeat,
  inRanges,
  parseConfirmation,
  parseHeartbeat,
  toRanges,
  WireError,
} from "@mbus-gateway/wire";
import { CONFIRMATION, HEARTBEAT } from "./samples.ts";

const bytes = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

Deno.test("toRanges() and inRanges() say the same as the numbers themselves", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (sequences) => {
      const ranges = toRanges(sequences);
      const wanted = new Set(sequences);
      for (let sequence = 0; sequence <= 61; sequence++) {
        assertEquals(inRanges(ranges, sequence), wanted.has(sequence));
      }
      for (const [index, [first, last]] of ranges.entries()) {
        assert(first <= last);
        const before = ranges[index - 1];
        // Shortest: neighbours are joined.
        assert(before === undefined || before[1] + 1 < first);
      }
    }),
  );
});

Deno.test("toRanges() joins neighbours and keeps gaps", () => {
  assertEquals(toRanges([]), []);
  assertEquals(toRanges([19, 3, 1, 2, 2]), [[1, 3], [19, 19]]);
  assertEquals(inRanges([[1, 17], [19, 19]], 18), false);
});

Deno.test("parseConfirmation() reads back whatever encodeConfirmation() writes", () => {
  const confirmation = fc.record({
    gateway: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/),
    epoch: fc.uuid(),
    held: fc.array(fc.integer({ min: 1, max: 500 })).map(toRanges),
    refused: fc.array(fc.record({
      seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      code: fc.string({ minLength: 1, maxLength: 64 }),
      reason: fc.string({ maxLength: 1024 }),
    })),
  });
  fc.assert(
    fc.property(confirmation, (value) => assertEquals(parseConfirmation(bytes(encodeConfirmation(value))), value)),
    { numRuns: 200 },
  );
});

Deno.test("parseConfirmation() refuses what is none: a wrong one would delete readings", () => {
  const plain = JSON.parse(encodeConfirmation(CONFIRMATION));
  const cases: [input: unknown, says: string][] = [
    ["{", ""],
    [null, ""],
    [{ ...plain, schema: "mbus-gateway/readouts" }, "schema: "],
    [{ ...plain, version: 2 }, "version: "],
    [{ ...plain, gateway: "#" }, "gateway: "],
    [{ ...plain, epoch: "" }, "epoch: "],
    [{ ...plain, held: [[17, 1]] }, "held.0: expected an ascending range"],
    [{ ...plain, held: [[1]] }, "held.0"],
    [{ ...plain, held: [[0, 5]] }, "held.0.0: "],
    [{ ...plain, held: [[1, 2.5]] }, "held.0.1: "],
    [{ ...plain, held: [["1", "2"]] }, "held.0.0: "],
    [{ ...plain, held: null }, "held: "],
    [{ ...plain, refused: [{ seq: 1 }] }, "refused.0.code: "],
  ];
  for (const [input, says] of cases) {
    assertThrows(() => parseConfirmation(bytes(input)), WireError, says);
  }
});

Deno.test("parseHeartbeat() reads back what encodeHeartbeat() writes, with nothing unconfirmed too", () => {
  for (const heartbeat of [HEARTBEAT, { ...HEARTBEAT, unconfirmed: null, status: "stopping" as const }]) {
    assertEquals(parseHeartbeat(bytes(encodeHeartbeat(heartbeat))), heartbeat);
  }
});

Deno.test("parseHeartbeat() names the field that is wrong", () => {
  const plain = JSON.parse(encodeHeartbeat(HEARTBEAT));
  const cases: [change: object, says: string][] = [
    [{ status: "asleep" }, "status: "],
    [{ clock: true }, "clock: "],
    [{ uptimeSeconds: -1 }, "uptimeSeconds: "],
    [{ spoolDepth: 1.5 }, "spoolDepth: "],
    [{ unconfirmed: { oldest: 0, newest: 1 } }, "unconfirmed.oldest: "],
    [{ unconfirmed: undefined }, "unconfirmed: "],
    [{ counts: { ...plain.counts, held: "78" } }, "counts.held: "],
    [{ software: "x".repeat(65) }, "software: "],
  ];
  for (const [change, says] of cases) {
    assertThrows(() => parseHeartbeat(bytes({ ...plain, ...change })), WireError, `Cannot read heartbeat: ${says}`);
  }
});
