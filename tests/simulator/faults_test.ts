import { assert, assertEquals } from "@std/assert";
import { type Fault, seededFaults, spoil } from "./faults.ts";

const FRAME = { what: "telegram", bytes: new Uint8Array(40) } as const;

Deno.test("seededFaults() are the same for the same seed, and about as many as asked for", () => {
  const rates = { drop: 0.1, delay: 0.1, corrupt: 0.1, wrong_address: 0.1, repeat: 0.1 };
  const draw = (seed: number) => {
    const injector = seededFaults(seed, rates);
    return Array.from({ length: 2000 }, () => injector(FRAME));
  };
  assertEquals(draw(3), draw(3));
  const counts = Map.groupBy(draw(3), (fault) => fault?.kind ?? "none");
  for (const kind of Object.keys(rates) as Fault["kind"][]) {
    const count = counts.get(kind)?.length ?? 0;
    assert(count > 120 && count < 280, `${count} of 2000 are ${kind}`);
  }
});

Deno.test("seededFaults() only drop or delay an acknowledgement", () => {
  const injector = seededFaults(1, { corrupt: 0.5, repeat: 0.4, drop: 0.1 });
  const kinds = Array.from({ length: 300 }, () => injector({ what: "acknowledgement", bytes: Uint8Array.of(0xe5) }));
  assertEquals(new Set(kinds.map((fault) => fault?.kind)), new Set(["drop", undefined]));
});

Deno.test("spoil() changes exactly one byte of a corrupt frame", () => {
  const spoiled = spoil(Uint8Array.of(1, 2, 3), { kind: "corrupt", offset: 1, mask: 0xff });
  assertEquals([...spoiled], [1, 0xfd, 3]);
});

Deno.test("spoil() lets another meter answer with a right checksum", () => {
  const frame = Uint8Array.fromHex("680f0f68080172010000104d4c2104000000000000".padEnd(40, "0") + "16");
  const spoiled = spoil(frame, { kind: "wrong_address" });
  assertEquals(spoiled[5], 2);
  assertEquals(spoiled[10], 0x90);
  const sum = spoiled.subarray(4, -2).reduce((total, byte) => (total + byte) & 0xff, 0);
  assertEquals(spoiled.at(-2), sum);
});
