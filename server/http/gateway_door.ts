import { createMiddleware } from "@hono/hono/factory";
import { authTransaction } from "../db/mod.ts";
import { bearerToken } from "./api_door.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { Problem, unauthorized } from "./problem.ts";
import { hashToken } from "./tokens.ts";

/** Lets in a gateway that shows its own token on its own path. */
export function gatewayDoor({ database }: HttpDeps) {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const token = bearerToken(c.req.header("authorization"));
    if (token === null) throw unauthorized("Cannot take message: it has no header Authorization: Bearer TOKEN");
    const [row] = await authTransaction(
      database,
      (tx) =>
        tx<{ tenant_id: number; gateway_id: string }[]>`
        select tenant_id, gateway_id from gateways where token_hash = ${hashToken(token)}`,
    );
    if (row === undefined) {
      throw unauthorized("Cannot take message: no gateway has this token; register the gateway, or renew its token");
    }
    requireSameGateway(row.gateway_id, c.req.param("id") ?? "", "path");
    c.set("tenantId", row.tenant_id);
    c.set("gateway", row.gateway_id);
    c.header("cache-control", "no-store");
    await next();
  });
}

/** Token, path and payload must name the same gateway. */
export function requireSameGateway(ofToken: string, named: string, where: "path" | "payload"): void {
  if (ofToken === named) return;
  throw new Problem(
    403,
    "gateway_mismatch",
    `Cannot take message: the token is of gateway ${ofToken}, the ${where} names ${JSON.stringify(named)}`,
  );
}
