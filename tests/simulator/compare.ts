import type postgres from "postgres";
import { readLedger } from "./ledger.ts";
import { Arrivals } from "./compare/arrivals.ts";
import { compareReadings } from "./compare/compare_readings.ts";
import { Differences } from "./compare/differences.ts";
import { type Held, type HeldReading, type HeldTelegram, readHeld } from "./compare/held.ts";
import { readSpool, type Spooled } from "./compare/spooled.ts";

export interface CompareOptions {
  /** The simulator's book. */
  ledger: string;
  /** The gateway's spool files; more than one when it had to begin anew. */
  spools: readonly string[];
  /** A connection that passes row-level security. */
  sql: postgres.Sql;
  gateway: string;
  /** How often the gateway was killed (or ended) while it may have been reading. */
  kills?: number;
  /** How many buses it reads. */
  buses?: number;
  /** Everything has been delivered: nothing may wait in a spool any more. */
  drained?: boolean;
}

/** How ledger, spool and database agree. */
export interface Comparison {
  /** No difference: taken ⊆ held ⊆ answered, each once, each equal. */
  ok: boolean;
  /** Answers that meters made. */
  answered: number;
  /** Of those, how many left the meters unspoiled and whole. */
  answeredWhole: number;
  /** Readouts that the spool ever took. */
  taken: number;
  /** Readouts that the server holds. */
  held: number;
  /** Readouts taken and not yet held. */
  waiting: number;
  /** Whole answers that were never taken. */
  untaken: number;
  /** Readings that the server holds. */
  readings: number;
  differenceCount: number;
  /** The first differences, in words. */
  differences: string[];
}

/**
 * The honest comparison: **taken ⊆ held ⊆ answered**, each held reading once and equal to the ledger, and answered minus
 * taken at most one readout a bus for each kill. Nothing of the project's decoder takes part.
 */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { kills = 0, buses = 1, drained = true } = options;
  const answers = readLedger(options.ledger);
  const spools = options.spools.map(readSpool);
  const held = await readHeld(options.sql, options.gateway);
  const readouts = readoutsOf(held);
  const differences = new Differences();
  const arrived = new Arrivals(answers, differences);

  for (const readout of readouts.values()) {
    if (!spools.some((spool) => spool.epoch === readout.epoch && readout.seq <= spool.newest)) {
      differences.add(`never taken: ${readout.name} is held`);
    }
    const answer = arrived.note(readout.name, readout.frames);
    if (answer !== null) compareReadings(answer, readout.readings, differences);
  }
  for (const { telegramId, meter, quantity, value } of held.readings) {
    if (telegramId === null) differences.add(`untraceable: ${quantity} ${value} of ${meter} points at no telegram`);
  }
  for (const { epoch, seq, position, decodeError } of held.telegrams) {
    if (decodeError !== null) differences.add(`undecoded: ${nameOf(epoch, seq)}, telegram ${position}: ${decodeError}`);
  }
  for (const { epoch, seq, reason } of held.quarantined) {
    differences.add(`quarantined: ${nameOf(epoch, seq)}: ${reason}`);
  }
  let waiting = 0;
  for (const spool of spools) waiting += compareSpool(spool, { readouts, arrived, differences, drained });

  const whole = [...answers.values()].filter((answer) => answer.whole);
  const untaken = whole.filter((answer) => !arrived.has(answer.counter));
  if (untaken.length > kills * buses) {
    const some = untaken.slice(0, 5).map((answer) => answer.counter).join(", ");
    differences.add(
      `not taken: ${untaken.length} whole answers (${some}, …), allowed are ${kills * buses} for ${kills} kills`,
    );
  }
  return {
    ok: differences.count === 0,
    answered: answers.size,
    answeredWhole: whole.length,
    taken: spools.reduce((sum, spool) => sum + spool.newest, 0),
    held: readouts.size,
    waiting,
    untaken: untaken.length,
    readings: held.readings.length,
    differenceCount: differences.count,
    differences: differences.first,
  };
}

interface HeldReadout {
  name: string;
  epoch: string;
  seq: number;
  frames: string[];
  readings: HeldReading[][];
}

function readoutsOf(held: Held): Map<string, HeldReadout> {
  const byTelegram = Map.groupBy(held.readings, (reading) => reading.telegramId ?? "");
  const readouts = new Map<string, HeldReadout>();
  for (const [name, telegrams] of Map.groupBy(held.telegrams, ({ epoch, seq }) => nameOf(epoch, seq))) {
    const { epoch, seq } = telegrams[0] as HeldTelegram;
    readouts.set(name, {
      ...{ name, epoch, seq },
      frames: telegrams.map(({ hex }) => hex),
      readings: telegrams.map(({ telegramId }) => byTelegram.get(telegramId) ?? []),
    });
  }
  return readouts;
}

/** Each number that the spool gave is held, or still there. Returns how many wait. */
function compareSpool(spool: Spooled, { readouts, arrived, differences, drained }: {
  readouts: Map<string, HeldReadout>;
  arrived: Arrivals;
  differences: Differences;
  drained: boolean;
}): number {
  let waiting = 0;
  for (let seq = 1; seq <= spool.newest; seq++) {
    const name = nameOf(spool.epoch, seq);
    const row = spool.rows.get(seq);
    const held = readouts.get(name);
    if (row !== undefined) arrived.note(name, row.frames);
    if (held !== undefined) continue;
    if (row === undefined) differences.add(`lost: ${name} was taken, is not held and is no longer in the spool`);
    else if (row.parked !== null) differences.add(`parked: ${name} (${row.parked})`);
    else if (drained) differences.add(`not delivered: ${name} still waits in the spool`);
    else waiting += 1;
  }
  return waiting;
}

function nameOf(epoch: string, seq: number): string {
  return `readout ${seq} of epoch ${epoch}`;
}
