import type { Readout } from "@mbus-gateway/wire";
import { type ReadMessage, type SetAside, setAsideFor, type UnreadableMessage } from "./incoming.ts";
import { fingerprint, messageFingerprint, NO_TENANT, type QuarantineRow } from "./quarantine.ts";

/** A message that nobody can read, once for its bytes. */
export function wholeMessage({ message, code, reason }: UnreadableMessage, tenantId = NO_TENANT): QuarantineRow {
  const { origin, gateway, payload } = message;
  const bytes = messageFingerprint(payload);
  return { tenantId, fingerprint: bytes, code, reason, payload, origin, gateway, epoch: null, seq: null };
}

/** One row a gateway, however much it sends: it keeps its readouts until it is registered and they are confirmed. */
export function unregistered({ message: { origin, gateway, payload } }: ReadMessage): QuarantineRow {
  const code = "unregistered";
  const reason = `Cannot take message: gateway ${gateway} is not registered; register it, and it sends again`;
  const key = fingerprint(code, gateway);
  return { tenantId: NO_TENANT, fingerprint: key, code, reason, payload, origin, gateway, epoch: null, seq: null };
}

/** A readout of a message that can be read. */
export function quarantineRow(read: ReadMessage, tenantId: number, part: SetAside): QuarantineRow {
  const { message: { origin, gateway }, epoch } = read;
  const { seq, code, reason, payload } = part;
  const key = seq === null ? fingerprint(gateway, epoch, payload) : fingerprint(gateway, epoch, seq, code);
  return { tenantId, fingerprint: key, code, reason, payload, origin, gateway, epoch, seq };
}

/** A readout under a key that is used for other bytes. */
export function epochReuse(
  { read, tenantId, readout }: { read: ReadMessage; tenantId: number; readout: Readout },
): QuarantineRow {
  const { gateway } = read.message;
  const code = "epoch_reuse";
  const reason = `Cannot store readout: ${gateway} has sent other bytes under epoch ${read.epoch}, ` +
    `sequence ${readout.seq} before; its spool was copied or restored without a new epoch`;
  const part = setAsideFor(read, readout, code, reason);
  return { ...quarantineRow(read, tenantId, part), fingerprint: fingerprint(code, gateway, part.payload) };
}
