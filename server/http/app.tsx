import { Hono } from "@hono/hono";
import { csrf } from "@hono/hono/csrf";
import { secureHeaders } from "@hono/hono/secure-headers";
import { silentLog } from "@mbus-gateway/resource";
import { apiDoor } from "./api_door.ts";
import { assets } from "./assets.ts";
import { billingPeriodsApi } from "./billing_periods.ts";
import { consumptionApi } from "./consumption.ts";
import { page } from "./dashboard/layout.tsx";
import { pages } from "./dashboard/pages.tsx";
import { degreeDaysApi } from "./degree_days.ts";
import type { AppDeps, HttpDeps, HttpEnv } from "./deps.ts";
import { limitBody } from "./door.ts";
import { problemOf } from "./failure.ts";
import { gatewayMessages } from "./gateway_messages.ts";
import { gatewaysApi } from "./gateways.ts";
import { healthz } from "./healthz.ts";
import { meterKeysApi } from "./meter_keys.ts";
import { metersApi } from "./meters.ts";
import { pageDoor } from "./page_door.ts";
import { notFound } from "./problem.ts";
import { placementsApi } from "./placements.ts";
import { propertiesApi } from "./properties.ts";
import { quarantineApi } from "./quarantine.ts";
import { readingsApi } from "./readings.ts";
import { signIn } from "./sign_in.tsx";
import { statusApi } from "./status.ts";

export type { AppDeps } from "./deps.ts";

const NO_COUNTS = { messages: 0, stored: 0, duplicates: 0, quarantined: 0, readings: 0, rewritten: 0 };

/** Bodies of the API without a limit of their own. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;

/**
 * The web side of the server. The order is the law: what is public comes first, then what gateways post with their own
 * tokens, then the door of the API and all behind it, then the door of the pages and all behind that.
 *
 * @example
 * ```ts ignore
 * const app = createApp({ database, ingest, counts });
 * Deno.serve({ port: 8080 }, app.fetch);
 * ```
 */
export function createApp(options: AppDeps): Hono<HttpEnv> {
  const deps: HttpDeps = {
    now: () => new Date(),
    log: silentLog,
    counts: NO_COUNTS,
    ...options,
    demoSignIn: options.demoSignIn ?? null,
    keySecret: options.keySecret ?? null,
  };
  const app = new Hono<HttpEnv>();
  app.use(protectingHeaders());

  app.route("/", healthz(deps));
  app.route("/", assets());
  app.use("/sign-in", sameSite());
  app.use("/sign-out", sameSite());
  app.route("/", signIn(deps));

  app.route("/api/v1/gateways", gatewayMessages(deps));
  app.use("/api/*", apiDoor(deps));
  app.use("/api/*", limitBody(MAX_BODY_BYTES));
  app.route("/api/v1/gateways", gatewaysApi(deps));
  app.route("/api/v1/meters", metersApi(deps));
  app.route("/api/v1/meter-keys", meterKeysApi(deps));
  app.route("/api/v1/readings", readingsApi(deps));
  app.route("/api/v1/quarantine", quarantineApi(deps));
  app.route("/api/v1/properties", propertiesApi(deps));
  app.route("/api/v1/placements", placementsApi(deps));
  app.route("/api/v1/consumption", consumptionApi(deps));
  app.route("/api/v1/billing-periods", billingPeriodsApi(deps));
  app.route("/api/v1/degree-days", degreeDaysApi(deps));
  app.route("/api/v1/status", statusApi(deps));
  app.all("/api/*", (c) => {
    throw notFound(`Cannot ${c.req.method} ${c.req.path}: the API has no such resource`);
  });

  app.use(pageDoor(deps));
  app.route("/", pages(deps));

  app.notFound(() => {
    throw notFound("Cannot show page: there is none at this address");
  });
  app.onError((error, c) => {
    const problem = problemOf(error, deps.log);
    const isPage = c.req.method === "GET" && !/^\/(?:api|fragments|healthz)\b/.test(c.req.path);
    const response = isPage
      ? c.html(
        page({ title: "Error", children: <p class="problem" role="alert">{problem.message}</p> }),
        problem.status,
      )
      : problem.toResponse();
    return response;
  });
  return app;
}

/** No script, style, image or connection but this server's own; no frame around it; no address handed on. */
function protectingHeaders() {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      objectSrc: ["'none'"],
    },
    referrerPolicy: "no-referrer",
    xFrameOptions: "DENY",
  });
}

/**
 * A form that another site's page posts is refused; cookies count nowhere else but for reading pages. Hosts are
 * compared and not origins: behind a proxy that ends TLS this server sees http where the browser says https.
 */
function sameSite() {
  return csrf({ origin: (origin, c) => URL.parse(origin)?.host === c.req.header("host"), secFetchSite: "same-origin" });
}
