import { payloadOf, readFields } from "./fields.ts";
import type { Profile } from "./profile.ts";

/** 1/256 litre is 390625 · 10^-8 litres. */
const LITRE_PARTS = 390625;
const BLOCK = 12;

/** Zenner water meters of version 0B: everything stands behind 0F, volumes in 256ths of a litre. */
export const zenner0b: Profile = {
  name: "zenner_0b",
  meters: [{ manufacturer: "ZRI", version: 0x0b, deviceTypeCode: 0x16 }],
  read(source) {
    const block = payloadOf(source);
    if (block === null || block.length < BLOCK) return null;
    return readFields([
      ["status_flags", "", 0, "uint24"],
      ["due_date_volume", "m3", 4, "uint32", -11, LITRE_PARTS],
      ["total_volume", "m3", 8, "uint32", -11, LITRE_PARTS],
    ], block);
  },
  samples: [
    {
      telegram: "1C44496A090000100B167A000000000F0300000080E80300010000FF00",
      values: {
        status_flags: { value: "3", unit: "", kind: "number" },
        due_date_volume: { value: "1.0005", unit: "m3", kind: "number" },
        total_volume: { value: "16711.68000390625", unit: "m3", kind: "number" },
      },
    },
  ],
};
