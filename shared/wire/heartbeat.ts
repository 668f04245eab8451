import * as v from "valibot";
import { Epoch, GatewayId, Instant, Sequence } from "./identifier.ts";
import { parseAtTheDoor, parseJson } from "./wire_error.ts";

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const Schema = v.object({
  schema: v.literal("mbus-gateway/heartbeat"),
  version: v.literal(1),
  gateway: GatewayId,
  epoch: Epoch,
  sentAt: Instant,
  /** `online`: stays connected; `sent`: the end of a daily send; `stopping`: the last one before an orderly end. */
  status: v.picklist(["online", "sent", "stopping"]),
  clock: v.picklist(["trusted", "untrusted"]),
  software: v.pipe(v.string(), v.maxLength(64)),
  uptimeSeconds: Count,
  /** The window that the answer confirms; null when everything is confirmed. */
  unconfirmed: v.nullable(v.object({ oldest: Sequence, newest: Sequence })),
  /** Readouts in the spool that are neither confirmed nor parked. */
  spoolDepth: Count,
  counts: v.object({
    /** Readouts taken (spooled) since this process started. */
    taken: Count,
    /** Attempts to read a meter that gave nothing usable. */
    failed: Count,
    /** Messages acknowledged by the broker (PUBACK). */
    sent: Count,
    /** Readouts that the server confirmed. */
    held: Count,
    /** Readouts in the spool set aside with a reason. */
    parked: Count,
    /** Readouts that the spool let go of unconfirmed to stay within its size, since the spool began. */
    dropped: v.optional(Count),
    /** How often the spool's file was found damaged, set aside and salvaged. */
    salvaged: v.optional(Count),
  }),
});

/** A gateway's word on itself, posted to `/api/v1/gateways/{id}/heartbeat`; the answer is a confirmation. */
export type Heartbeat = Omit<v.InferOutput<typeof Schema>, "schema" | "version">;

/**
 * Reads a heartbeat.
 *
 * @throws {WireError} when it is not one.
 */
export function parseHeartbeat(bytes: Uint8Array): Heartbeat {
  const { schema: _schema, version: _version, ...heartbeat } = parseAtTheDoor(
    Schema,
    parseJson(bytes, "heartbeat"),
    "heartbeat",
  );
  return heartbeat;
}

/** The JSON text of a heartbeat. */
export function encodeHeartbeat(heartbeat: Heartbeat): string {
  return JSON.stringify({ schema: "mbus-gateway/heartbeat", version: 1, ...heartbeat });
}
