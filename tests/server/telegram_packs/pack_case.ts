import { heatMeterFrame, readout } from "../../fixtures/readouts.ts";
import type { Site } from "./site.ts";

/** What packs must do on every database. */
export interface PackCase {
  name: string;
  run(at: Site): Promise<void>;
}

export const packCases: PackCase[] = [];

export function packCase(name: string, run: PackCase["run"]) {
  packCases.push({ name, run });
}

/** Readouts of January with these numbers, a second apart, each of a state of its own. */
export function numbered(...seqs: number[]) {
  return seqs.map((seq) =>
    readout({
      seq,
      readAt: new Date(Date.UTC(2026, 0, 31, 10, 0, seq)).toISOString(),
      frames: [heatMeterFrame({ energyKwh: 1000 + seq, accessNumber: seq & 0xff })],
    })
  );
}
