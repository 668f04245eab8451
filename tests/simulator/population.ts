import type { MeterIdentity } from "./meter.ts";
import type { MeterKind } from "./meter_kind.ts";
import { noise } from "./noise.ts";

/**
 * How the addresses of a segment's meters are made:
 * - `in_order`: numbers in a row, as meters that were bought together have;
 * - `random`: any number, of five makers;
 * - `colliding`: all the same number, so that every wildcard of it selects all. Of ten meters four differ in nothing but
 *   the version, two in the device type, two in the maker, and two in nothing but the fabrication number.
 */
export type Population = "in_order" | "random" | "colliding";

export const POPULATIONS: readonly Population[] = ["in_order", "random", "colliding"];

const MAKERS = ["SIM", "SIA", "SIB", "SIC", "SID"];
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Who the meter at `index` of a segment is. */
export function identityOf(population: Population, index: number, kind: MeterKind, seed: number): MeterIdentity {
  const { version, deviceTypeCode } = kind;
  const inOrder = String(10_000_000 + (seed % 80_000) * 1_000 + index + 1);
  const base = { manufacturer: "SIM", version, deviceTypeCode, primaryAddress: index + 1 };
  switch (population) {
    case "in_order":
      return { ...base, identification: inOrder };
    case "random": {
      const random = noise(seed * 1_000 + index);
      const identification = String(Math.floor(1e8 * random.fixed("identification"))).padStart(8, "0");
      return { ...base, identification, manufacturer: MAKERS[index % MAKERS.length] ?? "SIM" };
    }
    case "colliding":
      return { ...base, identification: inOrder.slice(0, 5) + "555", ...apart(index) };
  }
}

function apart(index: number): Partial<MeterIdentity> {
  const decade = Math.floor(index / 10);
  switch (index % 10) {
    case 0:
    case 1:
    case 2:
    case 3:
      return { version: 4 * decade + index % 10, deviceTypeCode: 0x04 };
    case 4:
    case 5:
      return { version: 0x10, deviceTypeCode: 0x40 + 2 * decade + index % 10 - 4 };
    case 6:
    case 7:
      return { version: 0x20, deviceTypeCode: 0x06, manufacturer: `S${letter(decade)}${letter(index % 10)}` };
    default: {
      const fabricationNumber = String(4_711_000 + 10 * decade + index % 10).padStart(8, "0");
      return { version: 0x30, deviceTypeCode: 0x07, fabricationNumber };
    }
  }
}

function letter(index: number): string {
  return LETTERS[index % LETTERS.length] ?? "A";
}
