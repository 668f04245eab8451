import * as v from "valibot";
import { Epoch, GatewayId, Sequence } from "./identifier.ts";
import { parseAtTheDoor, parseJson } from "./wire_error.ts";

const Range = v.pipe(
  v.tuple([Sequence, Sequence]),
  v.check(([first, last]) => first <= last, "expected an ascending range"),
);

const Refusal = v.object({
  seq: Sequence,
  code: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  reason: v.pipe(v.string(), v.maxLength(1024)),
});
/** A readout that the server will never take, and why; the gateway parks it. */
export type Refusal = v.InferOutput<typeof Refusal>;

const Schema = v.object({
  schema: v.literal("mbus-gateway/confirm"),
  version: v.literal(1),
  gateway: GatewayId,
  epoch: Epoch,
  held: v.array(Range),
  refused: v.array(Refusal),
});

/**
 * What a server holds after its commit: inclusive ranges of sequence numbers, never "up to". The gateway lets go of
 * exactly these; a quarantined readout counts as held.
 */
export type Confirmation = Omit<v.InferOutput<typeof Schema>, "schema" | "version">;

/**
 * Reads a confirmation, from the topic `gateways/{gatewayId}/confirm` or the answer to a heartbeat.
 *
 * @throws {WireError} when it is not one.
 */
export function parseConfirmation(bytes: Uint8Array): Confirmation {
  const { gateway, epoch, held, refused } = parseAtTheDoor(
    Schema,
    parseJson(bytes, "confirmation"),
    "confirmation",
  );
  return { gateway, epoch, held, refused };
}

/** The JSON text of a confirmation. */
export function encodeConfirmation({ gateway, epoch, held, refused }: Confirmation): string {
  return JSON.stringify({ schema: "mbus-gateway/confirm", version: 1, gateway, epoch, held, refused });
}
