import { Hono } from "@hono/hono";
import type { Log } from "@mbus-gateway/resource";
import type { Database } from "../db/mod.ts";
import { problemOf } from "./failure.ts";
import { healthz } from "./healthz.ts";
import { notFound } from "./problem.ts";

export interface OperationsDeps {
  database: Database;
  log: Log;
  /** What Prometheus reads. */
  metrics: () => string;
}

/** What those who run the server ask, without a token: `/healthz` and `/metrics`, and nothing of anybody's data. */
export function operationsApp({ database, log, metrics }: OperationsDeps): Hono {
  const app = new Hono();
  app.route("/", healthz({ database, log }));
  app.get("/metrics", (c) => c.body(metrics(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }));
  app.notFound(() => {
    throw notFound("Cannot answer: there is /healthz and /metrics here");
  });
  app.onError((error) => problemOf(error, log).toResponse());
  return app;
}
