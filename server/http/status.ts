import { Hono } from "@hono/hono";
import { VERSION } from "@mbus-gateway/wire";
import type { HttpDeps, HttpEnv } from "./deps.ts";

/** `/api/v1/status`: this process' version and what it took in since its start, all tenants together. */
export function statusApi({ counts }: HttpDeps): Hono<HttpEnv> {
  return new Hono<HttpEnv>().get("/", (c) => c.json({ version: VERSION, ingest: counts }));
}
