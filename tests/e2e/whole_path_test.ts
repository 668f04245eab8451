import { assert, assertEquals, assertGreaterOrEqual, assertMatch } from "@std/assert";
import { httpClient } from "@mbus-gateway/resource";
import type { Heartbeat } from "@mbus-gateway/wire";
import { needs } from "../fixtures/needs.ts";
import { type Site, site, type SiteOptions } from "../fixtures/site.ts";
import { readSpool } from "../simulator/compare/spooled.ts";
import { readLedger } from "../simulator/ledger.ts";
import { shownByApi, shownByLedger } from "./shown_by_api.ts";

const METERS = 6;
const ROUNDS = 3;

/** From the meters' bytes to the API's decimals and to an orderly end; `protocol` is what the broker speaks. */
async function wholePath(options: SiteOptions, protocol: 4 | 5) {
  await using place = await site(options);
  await isHealthy(place);
  await place.until("each meter has been read and confirmed some times", async () => {
    const heartbeat = await lastHeartbeat(place);
    if (heartbeat === null) return false;
    addsUp(heartbeat);
    return heartbeat.counts.held >= METERS * ROUNDS;
  });
  assertMatch(place.server.lines.join("\n"), new RegExp(`Taking in readouts .*protocolVersion=${protocol}`));

  assertEquals(await place.gateway.stop(), 0, place.log());
  const last = await lastHeartbeat(place);
  assert(last !== null);
  addsUp(last);
  const { newest, rows } = readSpool(place.spool);
  const { ingest } = await place.api("/api/v1/status") as { ingest: Record<string, number> };
  assertEquals([last.status, last.spoolDepth, last.unconfirmed], ["stopping", 0, null]);
  assertEquals([last.counts.taken, last.counts.held, rows.size], [newest, newest, 0]);
  assertEquals([last.counts.failed, last.counts.parked], [0, 0], place.log());
  assertEquals([ingest.stored, ingest.quarantined], [newest, 0]);
  // A message that the broker acknowledged may have been delivered again, but it was delivered.
  assertGreaterOrEqual(ingest.messages, last.counts.sent);

  const answers = [...readLedger(place.ledger).values()];
  const shown = await shownByApi(place);
  assertEquals(Object.keys(shown).length, METERS);
  assertEquals(shown, shownByLedger(answers));

  assertEquals(await place.server.stop(), 0, place.log());
  assertEquals(await place.simulator.stop(), 0, place.log());
  const { differences, taken, held, waiting, untaken } = await place.compare();
  assertEquals(differences, []);
  assertEquals([taken, held, waiting, untaken], [newest, newest, 0, 0]);
  assertEquals(noise(place), []);
}

async function isHealthy({ url }: Site) {
  await using http = httpClient();
  const { status } = await http.getJson(new URL("/healthz", url)) as { status: string };
  assertEquals(status, "ok");
}

async function lastHeartbeat(place: Site): Promise<Heartbeat | null> {
  const { heartbeat } = await place.api(`/api/v1/gateways/${place.id}`) as { heartbeat: Heartbeat | null };
  return heartbeat;
}

/** The gateway's process began with an empty spool: what it took is confirmed, or still there. */
function addsUp({ counts, spoolDepth, unconfirmed }: Heartbeat) {
  const { taken, held, parked } = counts;
  assertEquals(taken, held + spoolDepth + parked);
  if (unconfirmed === null) assertEquals(spoolDepth, 0);
  else {
    assertEquals(unconfirmed.newest, taken);
    assertGreaterOrEqual(unconfirmed.newest - unconfirmed.oldest + 1, spoolDepth);
  }
}

/** Warnings and worse: nothing went wrong here, so nobody complains. */
function noise({ simulator, server, gateway }: Site): string[] {
  return [simulator, server, gateway].flatMap(({ lines }) => lines).filter((line) => / (?:warn|error) /.test(line));
}

Deno.test("the whole path on the embedded defaults: every reading arrives once and as it was on the dial", () =>
  wholePath({ real: false }, 4));

Deno.test({
  name: "the whole path on mosquitto and PostgreSQL: every reading arrives once and as it was on the dial",
  ...needs("mosquitto", "openssl", "initdb"),
  fn: () => wholePath({ real: true }, 5),
});

Deno.test({
  name: "the whole path from a serial line: every reading arrives once and as it was on the dial",
  ...needs("mosquitto", "openssl", "initdb"),
  fn: () => wholePath({ real: true, serial: true }, 5),
});
