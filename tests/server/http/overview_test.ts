import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { heatMeterFrame, payload, readout } from "../../fixtures/readouts.ts";
import { NOW, type Site, site } from "./site.ts";

const SECRET = "a-secret-of-one-start";

async function show(at: Site, path: string): Promise<string> {
  const answer = await at.app.request(`http://127.0.0.1:8080${path}${path.includes("?") ? "&" : "?"}demo=${SECRET}`);
  assertEquals(answer.status, 200);
  return await answer.text();
}

/** What a person reads: without tags, white space made one. */
const words = (html: string) => html.replaceAll(/<[^>]+>/g, " ").replaceAll(/[\s\u202f]+/g, " ");

Deno.test("The page says what to do while there is no gateway, and while there is no reading", async () => {
  await using at = await site({ demoSignIn: SECRET });
  assertStringIncludes(
    words(await show(at, "/")),
    "A gateway is registered. A meter appears here with its first reading.",
  );
  await at.sql`delete from gateways`;
  const text = await show(at, "/");
  assertStringIncludes(text, "curl -X POST http://127.0.0.1:8080/api/v1/gateways");
  assertStringIncludes(words(text), "No gateway yet");
});

Deno.test("The page says of each gateway when it was heard, what waits in its spool, and when it fell silent", async () => {
  await using at = await site({ demoSignIn: SECRET });
  const line = async (secondsAgo: number, status: string) => {
    const heard = new Date(NOW.getTime() - secondsAgo * 1000);
    await at.sql`update gateways set last_heartbeat_at = ${heard}, heartbeat = ${
      at.sql.json({ status, spoolDepth: 1234 })
    }`;
    return words(/<li class="[a-z]+">.*?<\/li>/s.exec(await show(at, "/fragments/meters"))?.[0] ?? "").trim();
  };
  assertMatch(await line(8, "online"), /GW-0001 online, heartbeat 8 s ago.*1 234 waiting in its spool/);
  assertMatch(await line(3600, "online"), /GW-0001 silent, heartbeat 60 min ago/);
  assertMatch(await line(3600, "sent"), /GW-0001 has sent/);
  assertMatch(await line(60, "stopping"), /GW-0001 stopped/);
});

Deno.test("The page says that something lies in quarantine", async () => {
  await using at = await site({ demoSignIn: SECRET });
  await at.ingest([{ origin: "mqtt", gateway: "GW-0001", payload: new TextEncoder().encode("{") }]);
  assertStringIncludes(words(await show(at, "/")), "1 in quarantine");
});

Deno.test("A meter's card shows its latest values exactly and a plot of at most 150 points", async () => {
  await using at = await site({ demoSignIn: SECRET });
  const readouts = Array.from({ length: 210 }, (_, index) =>
    readout({
      seq: index + 1,
      readAt: new Date(NOW.getTime() - (210 - index) * 1000).toISOString(),
      frames: [heatMeterFrame({ energyKwh: 1000 + index, accessNumber: index % 256 })],
    }));
  await at.ingest([{ origin: "mqtt", gateway: "GW-0001", payload: payload(readouts) }]);
  const text = await show(at, "/fragments/meters");
  assertStringIncludes(words(text), "Energy 1 209 kWh");
  assertStringIncludes(text, "exactly: 1209000 Wh");
  assertStringIncludes(words(text), "(1 s ago)");
  assertStringIncludes(text, 'data-points="150"');
  assertStringIncludes(text, "lowest 0 kWh, highest 149 kWh, last 149 kWh");

  const [meter] = await at.sql`select meter_id::text as id from meters`;
  const page = await show(at, `/meters/${meter?.id}?period=hour`);
  const count = Number(/data-points="(\d+)"/.exec(page)?.[1]);
  assert(count > 150 && count <= 200, `${count} points`);
  assertStringIncludes(page, "lowest 0 kWh, highest 209 kWh, last 209 kWh");
});

Deno.test("The page parts many meters, and each part leads to the next", async () => {
  await using at = await site({ demoSignIn: SECRET });
  await at.sql`insert into meters (tenant_id, identity) select 1, 'GW-0001/main/p' || n from generate_series(1, 70) n`;
  const first = await show(at, "/");
  assertEquals(first.match(/<article/g)?.length, 60);
  const next = /href="(\/\?demo=[^"]*after=\d+)"/.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
  const second = await show(at, next);
  assertEquals(second.match(/<article/g)?.length, 10);
  assertMatch(second, /data-fragment="\/fragments\/meters\?[^"]*after=\d+"/);
  assertStringIncludes(second, "First meters");
});

Deno.test("The pages show what a meter or a person wrote as text and never as markup", async () => {
  await using at = await site({ demoSignIn: SECRET });
  const evil = `<img src=x onerror=alert(1)>"'`;
  await at.sql`insert into meters (tenant_id, identity, device_type) values (1, ${evil}, ${evil})`;
  await at.sql`
    insert into meter_attributes (tenant_id, meter_id, key, time, kind, value, telegram_id)
    select 1, meter_id, ${evil}, now(), 'text', ${evil}, 1 from meters`;
  const [meter] = await at.sql`select meter_id::text as id from meters`;
  for (const path of ["/", `/meters/${meter?.id}`]) {
    const text = await show(at, path);
    assert(!text.includes("<img"), path);
    assertStringIncludes(text, "&lt;img src=x");
  }
});
