import { assertEquals } from "@std/assert";
import { BusWitness } from "../../gateway/bus_witness.ts";

const AT = "2026-01-31T12:00:00.000Z";

function scene(silentBefore: string[] = []) {
  const works: string[] = [];
  const wired = (name: string, ...addresses: string[]) => {
    return { name, port: "tcp://127.0.0.1:10001", baudRate: 2400, meters: addresses.map((address) => ({ address })) };
  };
  const air = { name: "air", receiver: "cul", port: "tcp://127.0.0.1:10002", modes: [], intervalMs: null } as const;
  const buses = [wired("main", "p1", "p2"), wired("attic", "p1"), wired("empty")];
  const config = { buses, radios: [{ ...air, silentAfterMs: 60_000 }] };
  return { works, witness: new BusWitness(config, silentBefore, (bus) => works.push(bus)) };
}

Deno.test("BusWitness.silent() names a bus once all its meters were tried in vain", () => {
  const { witness, works } = scene();
  const seen = [witness.silent()];
  witness.board.silent("main", "p1", AT);
  seen.push(witness.silent());
  witness.board.silent("main", "p2", AT);
  seen.push(witness.silent());
  witness.board.answered("main", "p2", AT);
  witness.taken("main");
  seen.push(witness.silent());
  assertEquals(seen, [[], [], ["main"], []]);
  assertEquals(works, ["main"]);
});

Deno.test("BusWitness.silent() names a receiver once it could not be opened", () => {
  const { witness, works } = scene();
  const seen = (["opening", "opening", "listening", "silent", "opening", "opening"] as const).map((state) => {
    witness.receiver("air", state);
    return witness.silent().join();
  });
  assertEquals(seen, ["", "air", "", "", "", "air"]);
  assertEquals(works, ["air", "air"], "it works also when nothing is heard: meters send when they like");
});

Deno.test("BusWitness.silent() names those of an earlier run until they work", () => {
  const { witness } = scene(["main", "air", "gone"]);
  const seen = [witness.silent()];
  witness.taken("main");
  seen.push(witness.silent());
  witness.receiver("air", "opening");
  witness.receiver("air", "listening");
  seen.push(witness.silent());
  assertEquals(seen, [["main", "air"], ["air"], []]);
});
