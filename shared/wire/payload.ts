import { gunzipSync, gzipSync } from "node:zlib";
import * as v from "valibot";
import { Epoch, GatewayId, Instant, Sequence } from "./identifier.ts";
import { FramesReadout, type Readout, ValuesReadout } from "./readout.ts";
import { describeIssue, parseAtTheDoor, parseJson, WireError } from "./wire_error.ts";

/** The most bytes of one payload after decompression. */
export const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;

const SCHEMA = "mbus-gateway/readouts";
const VERSION = 1;

const Envelope = v.object({
  schema: v.literal(SCHEMA),
  version: v.literal(VERSION),
  gateway: GatewayId,
  epoch: Epoch,
  sentAt: Instant,
  readouts: v.pipe(v.array(v.unknown()), v.maxLength(10_000)),
});

/** A readout of a readable message that itself cannot be read: kept as text, with the reason. */
export interface BadReadout {
  /** Its sequence number, where that much could be read. */
  seq: number | null;
  /** Finishes "Cannot read readout: …". */
  reason: string;
  /** The readout as JSON text, unchanged in meaning. */
  json: string;
}

/** A message on `meters/{gatewayId}/data`, parsed. */
export interface Payload {
  gateway: string;
  epoch: string;
  sentAt: string;
  readouts: Readout[];
  /** What did not parse; it never costs the others. */
  bad: BadReadout[];
}

/** What a gateway sends: {@linkcode Payload} without what only a reader can find. */
export type PayloadToSend = Omit<Payload, "bad">;

/**
 * Reads a message, gzip or not (recognised by its magic bytes, RFC 1952).
 *
 * @throws {WireError} when the bytes are no JSON, not of this schema and version, or larger than
 * {@linkcode MAX_PAYLOAD_BYTES} once decompressed. One bad readout does not throw: it lands in `bad`.
 */
export function parsePayload(bytes: Uint8Array): Payload {
  const input = parseJson(inflate(bytes), "payload");
  refuseOtherVersions(input);
  const { gateway, epoch, sentAt, readouts: items } = parseAtTheDoor(Envelope, input, "payload");
  const payload: Payload = { gateway, epoch, sentAt, readouts: [], bad: [] };
  for (const item of items) {
    const result = v.safeParse(isStated(item) ? ValuesReadout : FramesReadout, item, { abortEarly: true });
    if (result.success) payload.readouts.push(result.output);
    else payload.bad.push(badReadout(item, result.issues[0]));
  }
  return payload;
}

/**
 * The bytes of a message.
 *
 * @param compress gzip the JSON: about an eighth of the size; the reader recognises it by itself.
 *
 * @example
 * ```ts
 * import { encodePayload, parsePayload } from "@mbus-gateway/wire";
 * const payload = {
 *   gateway: "GW-0001",
 *   epoch: "00000000-0000-4000-8000-000000000001",
 *   sentAt: "2026-01-31T12:00:00.000Z",
 *   readouts: [],
 * };
 * parsePayload(encodePayload(payload, { compress: true })).gateway; // "GW-0001"
 * ```
 */
export function encodePayload(payload: PayloadToSend, { compress = false } = {}): Uint8Array<ArrayBuffer> {
  const readouts = payload.readouts.map((readout) =>
    "frames" in readout ? { ...readout, frames: readout.frames.map((frame) => frame.toHex()) } : readout
  );
  const { gateway, epoch, sentAt } = payload;
  const json = new TextEncoder().encode(
    JSON.stringify({ schema: SCHEMA, version: VERSION, gateway, epoch, sentAt, readouts }),
  );
  return compress ? new Uint8Array(gzipSync(json)) : json;
}

function inflate(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
    if (bytes.length > MAX_PAYLOAD_BYTES) {
      throw new WireError("too_large", `Cannot read payload: ${bytes.length} bytes exceed ${MAX_PAYLOAD_BYTES}`);
    }
    return bytes;
  }
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_PAYLOAD_BYTES });
  } catch (cause) {
    if ((cause as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") {
      throw new WireError("too_large", `Cannot read payload: it inflates to more than ${MAX_PAYLOAD_BYTES} bytes`);
    }
    throw new WireError("gzip", `Cannot read payload: gzip is damaged (${(cause as Error).message})`, { cause });
  }
}

/** A newer gateway's message is told apart from a broken one: the answer to it is an update of the server. */
function refuseOtherVersions(input: unknown) {
  const { schema, version } = Object(input) as { schema?: unknown; version?: unknown };
  if (schema === SCHEMA && typeof version === "number" && version !== VERSION) {
    throw new WireError("version", `Cannot read payload: its version is ${version}, this server reads ${VERSION}`);
  }
}

function isStated(item: unknown): boolean {
  return typeof item === "object" && item !== null && "values" in item && !("frames" in item);
}

function badReadout(item: unknown, issue: v.BaseIssue<unknown>): BadReadout {
  const seq = v.safeParse(Sequence, (Object(item) as { seq?: unknown }).seq);
  return {
    seq: seq.success ? seq.output : null,
    reason: `Cannot read readout: ${describeIssue(issue)}`,
    json: JSON.stringify(item),
  };
}
