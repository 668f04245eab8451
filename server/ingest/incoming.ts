import {
  type BadReadout,
  encodePayload,
  parsePayload,
  type Payload,
  type Readout,
  WireError,
} from "@mbus-gateway/wire";

/** A message as it came, with the gateway that the topic or the token names. */
export interface IncomingMessage {
  origin: "mqtt" | "http";
  gateway: string;
  payload: Uint8Array;
}

/** The most bytes of JSON that are kept of a readout which cannot be read; a larger one is refused. */
const MAX_BAD_READOUT_BYTES = 256 * 1024;

/** Times are stored from here on; before it, no meter was read by this protocol. */
const FIRST_INSTANT = Date.UTC(2000, 0, 1);
/** A gateway's clock may be ahead by so much before its readings are set aside. */
const FUTURE_TOLERANCE_MS = 24 * 60 * 60 * 1000;

/** A message read at the door, sorted by what becomes of its parts. */
export interface ReadMessage {
  message: IncomingMessage;
  epoch: string;
  /** To be stored. */
  readouts: Readout[];
  /** To be set aside with a reason; held all the same. */
  setAside: SetAside[];
  /** Never to be stored. */
  refused: { seq: number; code: string; reason: string }[];
}

/** A readout for the quarantine. */
export interface SetAside {
  seq: number | null;
  code: string;
  reason: string;
  payload: Uint8Array;
}

/** A message that cannot be read as a whole. */
export interface UnreadableMessage {
  message: IncomingMessage;
  code: string;
  reason: string;
}

/** Reads a message and sorts its readouts; a fault in one never costs the others. */
export function readMessage(message: IncomingMessage, now: Date): ReadMessage | UnreadableMessage {
  let payload: Payload;
  try {
    payload = parsePayload(message.payload);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { message, code: error.code, reason: error.message };
  }
  if (payload.gateway !== message.gateway) {
    const named = message.origin === "mqtt" ? "topic" : "token";
    return {
      message,
      code: "gateway_mismatch",
      reason: `Cannot take message: its ${named} names gateway ${message.gateway}, its payload ${payload.gateway}`,
    };
  }
  const read: ReadMessage = { message, epoch: payload.epoch, readouts: [], setAside: [], refused: [] };
  for (const bad of payload.bad) sortBad(bad, read);
  for (const readout of payload.readouts) sortReadout(readout, now, read);
  return read;
}

/** A readout on its way to the quarantine, as a payload that can be taken in again. */
export function setAsideFor(
  { message: { gateway }, epoch }: Pick<ReadMessage, "message" | "epoch">,
  readout: Readout,
  code: string,
  reason: string,
): SetAside {
  // Without the time of sending, so that the same readout is the same bytes whenever it comes.
  const payload = encodePayload({ gateway, epoch, sentAt: readout.readAt, readouts: [readout] });
  return { seq: readout.seq, code, reason, payload };
}

/** The instant that a readout's values are filed under. */
export function readingTime(readout: Readout): string {
  return readout.correctedReadAt ?? readout.readAt;
}

function sortBad({ seq, reason, json }: BadReadout, read: ReadMessage) {
  const payload = new TextEncoder().encode(json);
  if (payload.length <= MAX_BAD_READOUT_BYTES) {
    read.setAside.push({ seq, code: "schema", reason, payload });
    return;
  }
  const code = "too_large";
  const large = `${reason} (it has ${payload.length} bytes; at most ${MAX_BAD_READOUT_BYTES} are kept)`;
  if (seq !== null) read.refused.push({ seq, code, reason: large });
  // Without a number the gateway cannot be told: its beginning is kept, so that someone finds it.
  else read.setAside.push({ seq, code, reason: large, payload: payload.subarray(0, MAX_BAD_READOUT_BYTES) });
}

function sortReadout(readout: Readout, now: Date, read: ReadMessage) {
  const latest = now.getTime() + FUTURE_TOLERANCE_MS;
  const outOfRange = [readout.readAt, readingTime(readout)].find((time) =>
    Date.parse(time) < FIRST_INSTANT || Date.parse(time) > latest
  );
  if (outOfRange === undefined) {
    read.readouts.push(readout);
    return;
  }
  const reason =
    `Cannot file readout: its time ${outOfRange} is not between 2000 and tomorrow; check the gateway's clock`;
  read.setAside.push(setAsideFor(read, readout, "time_out_of_range", reason));
}
