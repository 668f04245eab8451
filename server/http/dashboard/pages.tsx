import { type Context, Hono } from "@hono/hono";
import * as v from "valibot";
import { tenantTransaction } from "../../db/mod.ts";
import type { HttpDeps, HttpEnv } from "../deps.ts";
import { rowId } from "../door.ts";
import { RowId } from "../fields.ts";
import { notFound } from "../problem.ts";
import { page } from "./layout.tsx";
import { link } from "./links.ts";
import { MeterBody, MeterHead } from "./meter_page.tsx";
import { loadMeterPage, type Period, PERIODS } from "./meter_page_query.ts";
import { OverviewBody } from "./overview.tsx";
import { loadOverview } from "./overview_query.ts";

/** How often the script asks for what is new. */
const LIVE_MS = 3000;
/** How often a browser without scripts loads the page again. */
const REFRESH_SECONDS = 5;

/** The pages for people, and the fragments that the script puts in their place. */
export function pages(deps: HttpDeps): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();

  app.get("/", async (c) => {
    const body = await overviewOf(c, deps);
    return c.html(page({
      title: "Meters",
      refresh: REFRESH_SECONDS,
      ...visitor(c),
      children: (
        <>
          <h1 class="hidden">Meters</h1>
          <Live fragment={link("/fragments/meters", c.get("demo"), { after: afterOf(c) })}>{body}</Live>
        </>
      ),
    }));
  });

  app.get("/fragments/meters", async (c) => c.html(<>{await overviewOf(c, deps)}</>));

  app.get("/meters/:id", async (c) => {
    const data = await meterOf(c, deps);
    const demo = c.get("demo");
    const chosen = { series: data.selected?.id ?? null, period: data.period };
    return c.html(page({
      title: `Meter ${data.meter.identification ?? data.meter.identity}`,
      refresh: REFRESH_SECONDS,
      ...visitor(c),
      children: (
        <>
          <MeterHead data={data} demo={demo} />
          <Live fragment={link(`/fragments/meters/${data.meter.id}`, demo, chosen)}>
            <MeterBody data={data} />
          </Live>
        </>
      ),
    }));
  });

  app.get("/fragments/meters/:id", async (c) => c.html(<MeterBody data={await meterOf(c, deps)} />));

  return app;
}

function Live({ fragment, children }: { fragment: string; children?: unknown }) {
  return <div id="live" data-fragment={fragment} data-interval={String(LIVE_MS)}>{children}</div>;
}

function visitor(c: Context<HttpEnv>) {
  return { demo: c.get("demo"), signedIn: true };
}

function afterOf(c: Context<HttpEnv>): string | null {
  const after = v.safeParse(RowId, c.req.query("after"));
  return after.success ? after.output : null;
}

async function overviewOf(c: Context<HttpEnv>, { database, now }: HttpDeps) {
  const tenantId = c.get("tenantId");
  const after = afterOf(c);
  const overview = await tenantTransaction(database, tenantId, (tx) => loadOverview(tx, tenantId, after ?? "0"));
  const { origin } = new URL(c.req.url);
  return (
    <OverviewBody overview={overview} demo={c.get("demo")} now={now()} origin={origin} continued={after !== null} />
  );
}

async function meterOf(c: Context<HttpEnv>, { database, now }: HttpDeps) {
  const tenantId = c.get("tenantId");
  const id = rowId(c);
  const series = v.safeParse(RowId, c.req.query("series"));
  const choice = { seriesId: series.success ? series.output : null, period: periodOf(c), now: now() };
  const data = id === null
    ? null
    : await tenantTransaction(database, tenantId, (tx) => loadMeterPage(tx, tenantId, id, choice));
  if (data === null) throw notFound("Cannot show meter: there is no such meter");
  return data;
}

function periodOf(c: Context<HttpEnv>): Period {
  return PERIODS.find(([name]) => name === c.req.query("period"))?.[0] ?? "day";
}
