import { assert, assertEquals } from "@std/assert";
import { addressCounter } from "../../../server/ingest/series_address.ts";

const said = {
  quantity: "voltage",
  unit: "V",
  function: "instantaneous",
  storageNumber: 0,
  tariff: 0,
  subunit: 0,
  modifiers: [],
};

Deno.test("addressCounter() counts the values of one address within a readout, and begins anew with the next", () => {
  const first = addressCounter();
  assertEquals([1, 2, 3].map(() => first("voltage", said).occurrence), [0, 1, 2]);
  const next = addressCounter();
  assertEquals(next("voltage", said), { ...said, modifiers: "", occurrence: 0 });
});

Deno.test("addressCounter() gives the same object for the same address, and another where only the key is the same", () => {
  const [one, other, third] = [addressCounter(), addressCounter(), addressCounter()];
  const address = one("a:b", { ...said, modifiers: ["at phase L1"] });
  assert(address === other("a:b", { ...said, modifiers: ["at phase L1"] }));
  const alike = other("a:b", { ...said, unit: "kV" });
  assertEquals([alike.unit, alike.occurrence], ["kV", 0]);
  assert(alike === third("a:b", { ...said, unit: "kV" }));
  assert(address === third("a:b", { ...said, modifiers: ["at phase L1"] }));
});
