import { delay } from "@std/async";
import type { Site } from "../fixtures/site.ts";
import type { SiteProgram } from "../fixtures/site_program.ts";
import type { Killable } from "../fixtures/site_platform.ts";
import { readSpool } from "../simulator/compare/spooled.ts";
import { randomSequence } from "../simulator/noise.ts";

export interface KillOptions {
  kills: number;
  /** The same seed gives the same victims and pauses; what each process does at that moment is chance. */
  seed: number;
  /** Hears of each kill. */
  onKill?: (kill: number, victim: string) => void;
  signal?: AbortSignal;
}

/** Between a start and the next kill, at most; and between a kill and the next start. */
const LONGEST_LIFE_MS = 2_500;
const LONGEST_DEATH_MS = 1_000;

interface Victim {
  kill(): Promise<void>;
  /** Starts it; what is not ready yet can be waited for. */
  start(): Promise<() => Promise<unknown>>;
}

/**
 * Kills the processes of a site with SIGKILL, one after the other at random moments, each about as often as the others,
 * and starts each again: half of them only after the next one was killed as well, so that two are away at once, and half
 * of the others without waiting until they are ready, so that starts are killed too. All run when this returns.
 *
 * @returns how often each was killed.
 */
export async function killRound(site: Site, { kills, seed, onKill = () => {}, signal }: KillOptions) {
  const random = randomSequence(seed);
  const victims = victimsOf(site);
  const names = Object.keys(victims);
  const counts = Object.fromEntries(names.map((name) => [name, 0]));
  const coming = new Map<string, () => Promise<unknown>>();
  const start = async (name: string) => void coming.set(name, await victimOf(victims, name).start());
  let dead: string | null = null;
  let turn: string[] = [];
  for (let kill = 1; kill <= kills; kill++) {
    if (turn.length === 0) turn = shuffled(names, random);
    const name = turn.pop() ?? "";
    if (dead === name) {
      await start(name);
      await coming.get(name)?.();
      dead = null;
    }
    await delay(random() * LONGEST_LIFE_MS, { signal });
    onKill(kill, name);
    await victimOf(victims, name).kill();
    coming.delete(name);
    counts[name] = (counts[name] ?? 0) + 1;
    await delay(random() * LONGEST_DEATH_MS, { signal });
    if (dead !== null) await start(dead);
    dead = random() < 0.5 ? name : null;
    if (dead !== null) continue;
    await start(name);
    if (random() < 0.5) await coming.get(name)?.();
  }
  if (dead !== null) await start(dead);
  for (const ready of coming.values()) await ready();
  return counts;
}

/**
 * Ends the reading in order and waits until everything that was taken is confirmed. Gateway and server begin anew for
 * it, so that nobody has to wait for the longest of their pauses; the line goes silent, so that nothing comes after.
 *
 * @returns the exit codes of gateway and server.
 */
export async function drain(site: Site): Promise<number[]> {
  const codes = [await site.gateway.stop(), await site.server.stop()];
  await site.simulator.stop();
  await site.server.start();
  await site.gateway.start();
  await site.until("everything taken is confirmed", () => readSpool(site.spool).rows.size === 0, 120_000);
  codes.push(await site.gateway.stop(), await site.server.stop());
  return codes;
}

function victimOf(victims: Record<string, Victim>, name: string): Victim {
  const victim = victims[name];
  if (victim === undefined) throw new Error(`Cannot kill ${name}: there is no such process`);
  return victim;
}

function victimsOf({ gateway, server, platform: { broker, database } }: Site): Record<string, Victim> {
  const victims: Record<string, Victim> = { gateway: program(gateway), server: program(server) };
  if (broker !== null) victims.broker = part(broker);
  if (database !== null) victims.database = part(database);
  return victims;
}

function program(of: SiteProgram): Victim {
  return {
    kill: () => of.kill(),
    start() {
      of.launch();
      return Promise.resolve(() => of.ready());
    },
  };
}

function part(of: Killable): Victim {
  return {
    kill: () => of.kill(),
    async start() {
      await of.start();
      return () => Promise.resolve();
    },
  };
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list.map((value) => ({ value, at: random() })).sort((a, b) => a.at - b.at).map(({ value }) => value);
}
