import { encodePayload, type FramesReadout } from "@mbus-gateway/wire";
import type { DeliveryLedger } from "./delivery_ledger.ts";
import type { Spool } from "./spool.ts";
import { jsonBytes } from "./spool_rows.ts";

/** Readouts that travel together. */
export interface Message {
  readouts: FramesReadout[];
  /** Whether they are sent for the first time. */
  fresh: boolean;
}

/** Compression costs more than it saves on a handful of bytes. */
const COMPRESS_FROM_BYTES = 1024;

/** Fetches what the ledger wants to be sent, new readouts and old ones by turns, so that neither waits for the other. */
export function messageSource(
  spool: Pick<Spool, "peek" | "sendable">,
  ledger: DeliveryLedger,
): (now: number) => Message | null {
  let freshTurn = true;
  const fresh = (now: number) => {
    const newest = spool.sendable();
    for (;;) {
      const room = ledger.nextFresh(now, newest);
      if (room === null) return null;
      const readouts = spool.peek(room);
      if (readouts.length > 0) return { readouts, fresh: true };
      ledger.nothingUpTo(room.upTo);
    }
  };
  const again = (now: number) => {
    const readouts = fetchRetry(spool, ledger, now);
    return readouts.length === 0 ? null : { readouts, fresh: false };
  };
  return (now) => {
    const message = freshTurn ? fresh(now) ?? again(now) : again(now) ?? fresh(now);
    if (message !== null) freshTurn = !message.fresh;
    return message;
  };
}

/** A message's bytes and their content type; the reader recognises compression by itself too (RFC 1952). */
export function encodeMessage(
  message: Message,
  envelope: { gateway: string; epoch: string; sentAt: string },
): { payload: Uint8Array; contentType: string } {
  const { readouts } = message;
  const compress = readouts.reduce((sum, readout) => sum + jsonBytes(readout), 0) >= COMPRESS_FROM_BYTES;
  const payload = encodePayload({ ...envelope, readouts }, { compress });
  return { payload, contentType: compress ? "application/gzip" : "application/json" };
}

function fetchRetry(spool: Pick<Spool, "peek">, ledger: DeliveryLedger, now: number): FramesReadout[] {
  for (;;) {
    const seqs = ledger.nextRetry(now);
    const found: FramesReadout[] = [];
    let bytes = 0;
    for (const seq of seqs) {
      const [readout] = spool.peek({ after: seq - 1, limit: 1 });
      if (readout?.seq !== seq) {
        ledger.forget([seq]);
        continue;
      }
      bytes += jsonBytes(readout);
      if (bytes > ledger.messageBytes && found.length > 0) break;
      found.push(readout);
    }
    if (found.length > 0 || seqs.length === 0) return found;
  }
}
