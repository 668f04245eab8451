import { deadline, delay } from "@std/async";
import { drain } from "../e2e/kills.ts";
import { type Site, site } from "../fixtures/site.ts";
import { randomSequence } from "../simulator/noise.ts";
import { type OneWayRelay, oneWayRelay } from "./one_way_relay.ts";

export interface KilledBeforeConfirmationOptions {
  kills: number;
  seed: number;
  meters?: number;
  onKill?: (kill: number) => void;
  signal?: AbortSignal;
}

/** From a publish to the kill: the server may have committed meanwhile, or may not. */
const LONGEST_MS = 300;
/** Something is published each second. */
const PUBLISH_MS = 60_000;

/**
 * Kills the gateway again and again when a message of readings has reached the broker and nothing has come back, and
 * then makes the honest comparison of ledger, spool and database.
 */
export async function killedBeforeConfirmation(options: KilledBeforeConfirmationOptions) {
  const { kills, seed, meters = 6, onKill = () => {}, signal } = options;
  const random = randomSequence(seed);
  await using relay = oneWayRelay();
  const brokerVia = (url: string) => {
    relay.target = { hostname: "127.0.0.1", port: Number(new URL(url).port) };
    return `mqtt://127.0.0.1:${relay.port}`;
  };
  await using place = await site({ real: false, meters, brokerVia });
  for (let kill = 1; kill <= kills; kill++) {
    await published(relay, place, signal);
    await delay(random() * LONGEST_MS, { signal });
    onKill(kill);
    await place.gateway.kill();
    relay.speakAgain();
    await place.gateway.start();
  }
  const codes = await drain(place);
  return { kills, codes, ...await place.compare({ kills }), log: place.log() };
}

async function published(relay: OneWayRelay, place: Site, signal: AbortSignal | undefined) {
  try {
    await deadline(relay.fallSilentAtPublish(), PUBLISH_MS, { signal });
  } catch (cause) {
    throw new Error(`Waited in vain for a message of readings:\n${place.log()}`, { cause });
  }
}
