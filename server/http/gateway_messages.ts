import { Hono } from "@hono/hono";
import { type Confirmation, encodeConfirmation, MAX_PAYLOAD_BYTES, parseHeartbeat } from "@mbus-gateway/wire";
import { tenantTransaction } from "../db/mod.ts";
import { confirmationOf } from "../ingest/mod.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { limitBody } from "./door.ts";
import { gatewayDoor, requireSameGateway } from "./gateway_door.ts";
import { Problem } from "./problem.ts";

const MAX_HEARTBEAT_BYTES = 64 * 1024;

/**
 * What gateways post with their own token: `POST {id}/heartbeat` and `POST {id}/readouts`, the same payload as over
 * MQTT, gzip or not. The answer to both is a confirmation of what is committed.
 */
export function gatewayMessages(deps: HttpDeps): Hono<HttpEnv> {
  const { database, ingest, now } = deps;
  const door = gatewayDoor(deps);
  const app = new Hono<HttpEnv>();

  app.post("/:id/heartbeat", door, limitBody(MAX_HEARTBEAT_BYTES), async (c) => {
    const heartbeat = parseHeartbeat(new Uint8Array(await c.req.arrayBuffer()));
    const gateway = c.get("gateway");
    const tenantId = c.get("tenantId");
    requireSameGateway(gateway, heartbeat.gateway, "payload");
    const at = now();
    const { epoch, unconfirmed } = heartbeat;
    const confirmation = await tenantTransaction(database, tenantId, async (tx): Promise<Confirmation> => {
      await tx`
        update gateways
        set heartbeat = ${tx.json(heartbeat)}, last_heartbeat_at = ${at},
          clock_offset_ms = ${Date.parse(heartbeat.sentAt) - at.getTime()}
        where tenant_id = ${tenantId} and gateway_id = ${gateway}`;
      if (unconfirmed === null) return { gateway, epoch, held: [], refused: [] };
      return await confirmationOf(tx, { tenantId, gateway, epoch, ...unconfirmed });
    });
    return c.body(encodeConfirmation(confirmation), 200, { "content-type": "application/json" });
  });

  app.post("/:id/readouts", door, limitBody(MAX_PAYLOAD_BYTES), async (c) => {
    const payload = new Uint8Array(await c.req.arrayBuffer());
    const gateway = c.get("gateway");
    const [result] = await ingest([{ origin: "http", gateway, payload }]);
    // It is quarantined all the same, as it would be over MQTT; here the sender hears of it.
    const unreadable = result?.unreadable ?? null;
    if (unreadable?.code === "gateway_mismatch") throw new Problem(403, unreadable.code, unreadable.reason);
    if (unreadable !== null) throw new Problem(400, "unreadable", unreadable.reason);
    if (result === undefined || result.confirmation === null) {
      throw new Problem(409, "not_confirmed", "Cannot confirm message: it is kept in the quarantine, which says why");
    }
    return c.body(encodeConfirmation(result.confirmation), 200, { "content-type": "application/json" });
  });

  return app;
}
