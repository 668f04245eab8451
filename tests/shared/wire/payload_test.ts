import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import {
  encodePayload,
  type FramesReadout,
  MAX_FRAME_BYTES,
  MAX_FRAMES,
  MAX_PAYLOAD_BYTES,
  parsePayload,
  WireError,
  type WireErrorCode,
} from "@mbus-gateway/wire";
import { PAYLOAD } from "./samples.ts";

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
/** The golden payload as a plain object, to be spoilt. */
const plain = () => JSON.parse(new TextDecoder().decode(encodePayload(PAYLOAD)));

const instant = fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString());
const readout: fc.Arbitrary<FramesReadout> = fc.record<FramesReadout, keyof FramesReadout>({
  seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  bus: fc.string({ minLength: 1, maxLength: 64 }),
  address: fc.string({ minLength: 1, maxLength: 64 }),
  readAt: instant,
  clock: fc.constantFrom("trusted" as const, "untrusted" as const),
  frames: fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 5 }),
  correctedReadAt: instant,
  rssi: fc.integer({ min: -150, max: 0 }),
  flags: fc.array(fc.stringMatching(/^[a-z][a-z0-9_]{0,31}$/), { maxLength: 8 }),
}, { requiredKeys: ["seq", "bus", "address", "readAt", "clock", "frames"] });

Deno.test("parsePayload() reads back whatever encodePayload() writes, gzip or not", () => {
  const payload = fc.record({
    gateway: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/),
    epoch: fc.uuid(),
    sentAt: instant,
    readouts: fc.array(readout, { maxLength: 8 }),
  });
  fc.assert(
    fc.property(payload, fc.boolean(), (value, compress) => {
      const read = parsePayload(encodePayload(value, { compress }));
      // Frames come back as bytes of any kind of Uint8Array.
      const frames = (readouts: FramesReadout[]) => readouts.map((each) => each.frames.map((frame) => frame.toHex()));
      assertEquals(frames(read.readouts as FramesReadout[]), frames(value.readouts));
      assertEquals(
        read.readouts.map((each) => ({ ...each, frames: [] })),
        value.readouts.map((each) => ({ ...each, frames: [] })),
      );
      assertEquals([read.gateway, read.epoch, read.sentAt, read.bad], [value.gateway, value.epoch, value.sentAt, []]);
    }),
    { numRuns: 200 },
  );
});

Deno.test("parsePayload() throws nothing but WireError, whatever comes", () => {
  const prefixed = fc.uint8Array({ maxLength: 200 }).map((rest) => Uint8Array.of(0x1f, 0x8b, ...rest));
  const spoilt = fc.tuple(fc.nat(), fc.nat(255)).map(([at, value]) => {
    const good = encodePayload(PAYLOAD, { compress: at % 2 === 0 });
    good[at % good.length] = value;
    return good;
  });
  const cut = fc.nat().map((length) => {
    const good = encodePayload(PAYLOAD, { compress: length % 2 === 0 });
    return good.subarray(0, length % good.length);
  });
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    prefixed,
    spoilt,
    cut,
    fc.json().map((t) => new TextEncoder().encode(t)),
  );
  fc.assert(
    fc.property(anything, (input) => {
      try {
        parsePayload(input);
      } catch (error) {
        assert(error instanceof WireError, String(error));
        assert(error.message.startsWith("Cannot read payload: "), error.message);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("parsePayload() takes no signal strength and no flag that cannot be one", () => {
  const [first] = plain().readouts;
  const parse = (change: object) => parsePayload(bytes({ ...plain(), readouts: [{ ...first, ...change }] }));
  for (const change of [{ rssi: -150 }, { rssi: 0 }, { flags: [] }, { flags: ["implausible_jump"] }]) {
    assertEquals(parse(change).bad, []);
  }
  for (
    const change of [{ rssi: -151 }, { rssi: 1 }, { rssi: -60.5 }, { flags: ["Jump"] }, { flags: Array(9).fill("a") }]
  ) {
    assertEquals(parse(change).bad.map(({ seq }) => seq), [first.seq], JSON.stringify(change));
  }
});

Deno.test("parsePayload() names what is wrong with a message", () => {
  const envelope = (change: object) => bytes({ ...plain(), ...change });
  const bomb = gzipSync(new Uint8Array(MAX_PAYLOAD_BYTES + 1));
  const cases: [input: Uint8Array, code: WireErrorCode, says: string][] = [
    [new Uint8Array(), "json", ""],
    [Uint8Array.of(0xff, 0xfe), "json", ""],
    [bytes("x").subarray(0, 2), "json", ""],
    [Uint8Array.of(0x1f, 0x8b, 0, 0), "gzip", "gzip is damaged"],
    [new Uint8Array(bomb), "too_large", `inflates to more than ${MAX_PAYLOAD_BYTES}`],
    [new Uint8Array(MAX_PAYLOAD_BYTES + 1).fill(0x20), "too_large", "bytes exceed"],
    [bytes(null), "schema", ""],
    [bytes([]), "schema", ""],
    [envelope({ schema: "something/else" }), "schema", "schema: "],
    [envelope({ version: 2 }), "version", "its version is 2"],
    [envelope({ version: "1" }), "schema", "version: "],
    [envelope({ gateway: "GW/0001" }), "schema", "gateway: expected a gateway id"],
    [envelope({ gateway: "+" }), "schema", "gateway: "],
    [envelope({ gateway: undefined }), "schema", "gateway: "],
    [envelope({ epoch: "3F2B8C1E-5D6A-4E7F-9A0B-1C2D3E4F5A6B" }), "schema", "epoch: expected a UUID"],
    [envelope({ sentAt: "2026-01-31 12:00:00" }), "schema", "sentAt: expected UTC"],
    [envelope({ sentAt: "2026-02-30T12:00:00.000Z" }), "schema", "sentAt: no such date"],
    [envelope({ readouts: {} }), "schema", "readouts: "],
    [envelope({ readouts: Array(10_001).fill(0) }), "schema", "readouts: "],
  ];
  for (const [input, code, says] of cases) {
    const error = assertThrows(() => parsePayload(input), WireError, says);
    assertEquals(error.code, code, error.message);
  }
});

Deno.test("parsePayload() sets one bad readout aside, with its number and reason, and keeps the others", () => {
  const good = plain().readouts[0];
  const cases: [bad: unknown, seq: number | null, says: string][] = [
    [null, null, "Cannot read readout: "],
    [{ ...good, seq: 0 }, null, "seq: "],
    [{ ...good, seq: 1.5 }, null, "seq: "],
    [{ ...good, seq: "17" }, null, "seq: "],
    [{ ...good, seq: 2 ** 53 }, null, "seq: "],
    [{ ...good, seq: 5, clock: "unknown" }, 5, "clock: "],
    [{ ...good, seq: 5, readAt: "yesterday" }, 5, "readAt: "],
    [{ ...good, seq: 5, bus: "" }, 5, "bus: "],
    [{ ...good, seq: 5, frames: [] }, 5, "frames: "],
    [{ ...good, seq: 5, frames: ["0"] }, 5, "frames.0: "],
    [{ ...good, seq: 5, frames: ["zz"] }, 5, "frames.0: expected a frame as hexadecimal bytes"],
    [{ ...good, seq: 5, frames: [""] }, 5, "frames.0: "],
    [{ ...good, seq: 5, frames: Array(MAX_FRAMES + 1).fill("e5") }, 5, "frames: "],
    [{ ...good, seq: 5, frames: ["e5".repeat(MAX_FRAME_BYTES + 1)] }, 5, "frames.0: "],
    [{ ...plain().readouts[2], seq: 6, values: [] }, 6, "values: "],
    [{ ...plain().readouts[2], seq: 6, values: [{ quantity: "volume", unit: "m³", value: 1.5 }] }, 6, "value"],
    [
      { ...plain().readouts[2], seq: 6, values: [{ quantity: "volume", unit: "m³", value: "1e5" }] },
      6,
      "exact decimal",
    ],
    [{ ...plain().readouts[2], seq: 6, meter: { manufacturer: "abc" } }, 6, "meter.manufacturer: "],
  ];
  for (const [bad, seq, says] of cases) {
    const read = parsePayload(bytes({ ...plain(), readouts: [good, bad, good] }));
    assertEquals(read.readouts.length, 2);
    assertEquals(read.bad.map((each) => each.seq), [seq], JSON.stringify(bad));
    assertStringIncludes(read.bad[0]?.reason ?? "", says);
    assertEquals(JSON.parse(read.bad[0]?.json ?? ""), bad);
  }
});

Deno.test("parsePayload() lets go of fields it does not know, so that a newer gateway is understood", () => {
  const newer = { ...plain(), extra: 1, readouts: [{ ...plain().readouts[0], extra: 2 }] };
  assertEquals(parsePayload(bytes(newer)), { ...PAYLOAD, readouts: PAYLOAD.readouts.slice(0, 1), bad: [] });
});

Deno.test("parsePayload() fills in what a third-party gateway may leave out", () => {
  const values = [{ quantity: "energy", unit: "Wh", value: "1000" }];
  const read = parsePayload(bytes({ ...plain(), readouts: [{ ...plain().readouts[2], values }] }));
  assertEquals(read.bad, []);
  const [first] = read.readouts;
  assert(first !== undefined && "values" in first);
  assertEquals(first.values, [{
    quantity: "energy",
    unit: "Wh",
    value: "1000",
    function: "instantaneous",
    storageNumber: 0,
    tariff: 0,
    subunit: 0,
    modifiers: [],
  }]);
});
