import { findProgram } from "../fixtures/needs.ts";
import { mayMount } from "../fixtures/small_disk.ts";
import { hasRealPlatform } from "../fixtures/site_platform.ts";
import { consumptionSoak } from "./consumption.ts";
import { databaseHangs } from "./database_hangs.ts";
import { flippedBytes } from "./flipped_bytes.ts";
import { fullDisk, startOnFullDisk } from "./full_disk.ts";
import { killedBeforeConfirmation } from "./killed_before_confirmation.ts";
import { lyingConfirmations } from "./lying_confirmations.ts";
import { ninetyDays } from "./ninety_days.ts";
import { weekAway } from "./week_away.ts";

/** One thing that is shown at full length. */
export interface Chapter {
  about: string;
  /** @returns the figures, and whether they are as they must be; null where this machine cannot show it. */
  run(options: { seed: number; signal: AbortSignal }): Promise<{ ok: boolean; figures: object } | null>;
}

/** What the program may gain in a week, with the soak's own sums of 160,000 telegrams in it. */
const GAINED_BYTES = 8 * 1024 * 1024;

/** The chapters by their names. */
export const CHAPTERS: Readonly<Record<string, Chapter>> = {
  "ninety-days": {
    about:
      "a spool of 90 days of 250 meters every 15 minutes: its size, and the first reading after a start with it, " +
      "whole and damaged",
    async run() {
      const figures = await ninetyDays({ readouts: 90 * 96 * 250 });
      const { bytes, firstTakenMs, longestStepMs, damaged } = figures;
      const quick = [firstTakenMs, damaged.firstTakenMs].every((ms) => ms < 3_000) &&
        [longestStepMs, damaged.longestStepMs].every((ms) => ms < 1_000);
      const saved = damaged.found === damaged.taken && damaged.lost > 0 && damaged.lost < 1_000;
      return { ok: bytes < 4e9 && quick && saved, figures };
    },
  },
  "week-away": {
    about: "a gateway reads a full bus for a simulated week while its broker is away, then the broker is back",
    async run() {
      if (findProgram("mosquitto") === null) return null;
      const figures = await weekAway({ days: 7, meters: 250 });
      const { taken, held, twice, altered, left, rounds, roundLateMs, liveSeconds, heapBytes } = figures;
      const exact = held === taken && taken === 250 * rounds && twice + altered + left === 0;
      const onTime = roundLateMs < 1_000 && liveSeconds <= 30;
      const flat = Math.max(...heapBytes) - (heapBytes[0] ?? 0) < GAINED_BYTES;
      return { ok: exact && onTime && flat, figures };
    },
  },
  "killed-before-confirmation": {
    about: "the gateway is killed between publish and confirmation a hundred times",
    async run({ seed, signal }) {
      const kills = 100;
      const { log, ...figures } = await killedBeforeConfirmation({ kills, seed, signal });
      const ok = figures.ok && figures.held === figures.taken && figures.codes.every((code) => code === 0);
      if (!ok) console.error(log);
      return { ok, figures };
    },
  },
  "lying-confirmations": {
    about: "confirmations are lost, doubled and reordered",
    async run({ seed }) {
      const figures = await lyingConfirmations({ readouts: 3_000, seed });
      return { ok: figures.held === figures.taken && figures.left + figures.tooEarly === 0, figures };
    },
  },
  "flipped-bytes": {
    about: "random bytes are flipped in the spool's file, in use or not, 500 times",
    async run({ seed }) {
      const figures = await flippedBytes({ rounds: 500, readouts: 2_000, seed });
      return { ok: figures.altered + figures.stuck === 0, figures };
    },
  },
  "full-disk": {
    about: "a small disk is filled up by others 50 times, and a gateway is started on it",
    async run() {
      if (!await mayMount()) return null;
      const figures = await fullDisk({ rounds: 50 });
      const start = await startOnFullDisk();
      const goesOn = figures.lost === 0 && figures.refused > 0 && figures.recovered === figures.rounds;
      const keeps = start.found === start.kept && start.foundAgain === start.kept;
      return { ok: goesOn && keeps && start.recovered, figures: { ...figures, start } };
    },
  },
  "database-hangs": {
    about: "the database hangs for a minute while gateways go on sending",
    async run() {
      if (!hasRealPlatform()) return null;
      // What the broker may keep for the server (deploy/mosquitto.conf) lasts longer than this; past it, it drops, and
      // these gateways send nothing twice.
      const figures = await databaseHangs({ seconds: 60, perSecond: 40 });
      const [before, most] = figures.megabytes;
      const exact = figures.stored === figures.sent && figures.twice === 0;
      return { ok: exact && figures.connections === 1 && most - before < 400, figures };
    },
  },
  consumption: {
    about:
      "readings in disorder, late and corrected: consumption kept up bit by bit is that of a reckoning of everything",
    async run({ seed }) {
      const figures = await consumptionSoak({ counters: 4, days: 200, seed });
      return { ok: figures.different + figures.unequalSums === 0, figures };
    },
  },
};
