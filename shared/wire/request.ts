import * as v from "valibot";
import { GatewayId, Instant } from "./identifier.ts";
import { parseAtTheDoor, parseJson } from "./wire_error.ts";

/** The most bytes of a request; a configuration file is the largest. */
export const MAX_REQUEST_BYTES = 256 * 1024;

const RequestId = v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/, "expected 1 to 64 letters, digits, -, _ or ."));

const Schema = v.looseObject({
  schema: v.literal("mbus-gateway/request"),
  version: v.literal(1),
  id: RequestId,
  expiresAt: Instant,
  responseTopic: v.optional(v.pipe(v.string(), v.maxLength(256))),
  correlation: v.optional(v.pipe(v.string(), v.maxLength(256))),
});

/** What somebody asks of a gateway on `gateways/{gatewayId}/request/{verb}`. */
export interface GatewayRequest {
  /** Chosen by who asks, and new for each request: what comes twice under one id is done once. */
  id: string;
  /** From then on it is not begun any more. */
  expiresAt: string;
  /** Where the answer goes, for MQTT 3.1.1; MQTT 5 says it in properties. */
  responseTopic?: string;
  /** Comes back in the answer, for MQTT 3.1.1. */
  correlation?: string;
  /** What the verb needs beside. */
  params: Record<string, unknown>;
}

/**
 * Reads a request.
 *
 * @throws {WireError} when it is not one.
 */
export function parseRequest(bytes: Uint8Array): GatewayRequest {
  const input = parseAtTheDoor(Schema, parseJson(bytes, "request"), "request");
  const { schema: _schema, version: _version, id, expiresAt, responseTopic, correlation, ...params } = input;
  return { id, expiresAt, responseTopic, correlation, params };
}

/** The JSON text of a request. */
export function encodeRequest({ params, ...request }: GatewayRequest): string {
  return JSON.stringify({ ...params, schema: "mbus-gateway/request", version: 1, ...request });
}

const common = { gateway: GatewayId, verb: v.string(), id: v.string(), correlation: v.optional(v.string()) };
const ResponseSchema = v.union([
  v.object({ ...common, ok: v.literal(true), result: v.unknown() }),
  v.object({ ...common, ok: v.literal(false), code: v.string(), error: v.string() }),
  v.object({ ...common, progress: v.unknown() }),
]);

/**
 * What a gateway answers on `gateways/{gatewayId}/response/{verb}`: any number of `progress`, then one with `ok`. An error
 * is an answer: `code` is stable, `error` a sentence.
 */
export type GatewayResponse = v.InferOutput<typeof ResponseSchema>;

/**
 * Reads a response.
 *
 * @throws {WireError} when it is not one.
 */
export function parseResponse(bytes: Uint8Array): GatewayResponse {
  return parseAtTheDoor(ResponseSchema, parseJson(bytes, "response"), "response");
}

/** The JSON text of a response. */
export function encodeResponse(response: GatewayResponse): string {
  return JSON.stringify({ schema: "mbus-gateway/response", version: 1, ...response });
}
