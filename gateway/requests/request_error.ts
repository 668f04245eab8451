import { ConfigurationError, DeviceError } from "@mbus-gateway/resource";
import { BusAway, UnknownBus } from "../bus_desk.ts";
import { TransportClosed } from "../byte_stream.ts";
import { MeterError } from "../meter_error.ts";
import { TunnelError } from "../tunnel_lease.ts";

/** A request that cannot be done. `code` is stable and for programs, the text a sentence that finishes "Cannot …". */
export class RequestError extends Error {
  override name = "RequestError";
  constructor(readonly code: string, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The code and the sentence of whatever a request ended with; an error is an answer. */
export function refusalOf(thrown: unknown): { code: string; error: string } {
  const error = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: codeOf(thrown), error };
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof RequestError || thrown instanceof MeterError) return thrown.code;
  // An address that is none, a time that no meter can show: what was asked for can never be done.
  if (thrown instanceof ConfigurationError) return "invalid";
  if (thrown instanceof UnknownBus) return "unknown_bus";
  if (thrown instanceof BusAway) return "stopping";
  if (thrown instanceof TransportClosed || thrown instanceof DeviceError) return "line_closed";
  if (thrown instanceof TunnelError) return "tunnel";
  if (thrown instanceof DOMException && thrown.name === "AbortError") return "cancelled";
  return "failed";
}
