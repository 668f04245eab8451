import { assert, assertEquals, assertGreaterOrEqual, assertStringIncludes } from "@std/assert";
import { delay } from "@std/async";
import { embeddedPlatform } from "../fixtures/site_platform.ts";
import { allGone, demoProcess } from "../fixtures/demo_process.ts";
import { type PageCard, pageCards } from "../fixtures/page_card.ts";
import { compare } from "../simulator/compare.ts";
import { GATEWAY, METERS } from "./gateway_config.ts";

const ANY_PORTS = ["--http-port", "0", "--mqtt-port", "0", "--mbus-port", "0"];
const LIMIT_MS = 90_000;

/** A folder where the demo may write. */
async function withFolder(body: (folder: string) => Promise<void>) {
  const data = `${import.meta.dirname}/../../data`;
  await Deno.mkdir(data, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: data, prefix: "test-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The page's cards once they are as expected. Each time it is asked for without a cookie. */
async function cardsOnce(page: string, isSo: (cards: PageCard[]) => boolean): Promise<PageCard[]> {
  for (const end = performance.now() + LIMIT_MS;; await delay(250)) {
    const answer = await fetch(page);
    const html = await answer.text();
    const cards = pageCards(html);
    if (answer.ok && isSo(cards)) return cards;
    if (performance.now() > end) throw new Error(`The page stayed otherwise: ${answer.status}\n${html}`);
  }
}

interface Run {
  /** The page as soon as it shows all meters, and as it was last. */
  first: PageCard[];
  last: PageCard[];
}

/** Runs the demo until each of the meters has at least `points` readings in its plot, then presses Ctrl-C. */
async function run(folder: string, { points, presses }: { points: number; presses: number }): Promise<Run> {
  await using demo = demoProcess([...ANY_PORTS, "--data", folder]);
  const page = await demo.page;
  const first = await cardsOnce(page, (cards) => cards.length === METERS && cards.every(({ value }) => value !== ""));
  const last = await cardsOnce(page, (cards) => cards.every((card) => (card.points ?? 0) >= points));
  const programs = demo.programs();
  assertGreaterOrEqual(programs.length, 4, "the demo, the simulator, the server and the gateway");
  for (let press = 0; press < presses; press++) demo.interrupt();
  assertEquals(await demo.code, 0, demo.log());
  await allGone(programs);
  // Nobody had to be killed, nobody complained.
  assertEquals(demo.log(), `The page: ${page}\n`);
  return { first, last };
}

/** What the folder holds once the demo has ended. */
async function assertKept(folder: string) {
  await embeddedPlatform(folder).withDatabase(async ({ sql }) => {
    const { differences, taken, held } = await compare({
      ledger: `${folder}/simulator/ledger.ndjson`,
      spools: [`${folder}/gateway/spool.db`],
      sql,
      gateway: GATEWAY,
    });
    assertEquals(differences, []);
    assertEquals(held, taken);
    const [gateway] = await sql`select heartbeat->>'status' as status from gateways where gateway_id = ${GATEWAY}`;
    assertEquals(gateway?.status, "stopping");
  });
}

Deno.test({
  name: "deno task demo shows six meters that move, ends at Ctrl-C with code 0, and continues at the second start",
  ignore: Deno.build.os !== "linux", // it looks into /proc for what is left behind
  fn: () =>
    withFolder(async (folder) => {
      const one = await run(folder, { points: 2, presses: 1 });
      assertEquals(new Set(one.first.map(({ who }) => who)).size, METERS);
      await assertKept(folder);
      const points = Math.max(...one.last.map((card) => card.points ?? 0));
      // The second time a Ctrl-C comes twice, as task runners have it.
      const two = await run(folder, { points: points + 2, presses: 2 });
      for (const [index, before] of one.last.entries()) {
        const after = two.first[index];
        assertEquals([after?.who, after?.kind], [before.who, before.kind]);
        assertGreaterOrEqual(after?.points ?? 0, before.points ?? 0, `${before.who}: earlier readings are gone`);
        assert(
          Number(after?.value) >= Number(before.value),
          `${before.who} fell from ${before.value} to ${after?.value}`,
        );
      }
      await assertKept(folder);
    }),
});

Deno.test("deno task demo says which port is taken and how to choose another", () =>
  withFolder(async (folder) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    await using demo = demoProcess([...ANY_PORTS, "--http-port", String(port), "--data", folder]);
    assertEquals(await demo.code, 1);
    assertStringIncludes(demo.log(), `port ${port} for the page is taken; choose another with --http-port N`);
  }));
