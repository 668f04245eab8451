import { Hono } from "@hono/hono";
import { deadline } from "@std/async";
import { VERSION } from "@mbus-gateway/wire";
import type { HttpDeps } from "./deps.ts";
import { Problem } from "./problem.ts";

/** How long the database may take to answer. */
const PATIENCE_MS = 5_000;

/** `GET /healthz`: 200 while the database answers, 503 otherwise; for load balancers and compose files. */
export function healthz({ database, log }: Pick<HttpDeps, "database" | "log">): Hono {
  return new Hono().get("/healthz", async (c) => {
    c.header("cache-control", "no-store");
    try {
      await deadline(Promise.resolve(database.sql`select 1`), PATIENCE_MS);
    } catch (error) {
      log.warn("Cannot call the server healthy: the database does not answer", { error });
      throw new Problem(503, "database", "Cannot reach the database");
    }
    return c.json({ status: "ok", version: VERSION });
  });
}
