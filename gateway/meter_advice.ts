import type { Exchange } from "./link_exchange.ts";
import { MeterError } from "./meter_error.ts";

const ADVICE = {
  no_answer: "check wiring, baud rate and address",
  corrupt: "check parity and baud rate, and whether two meters share the address",
  wrong_meter: "check whether another master or a slow meter talks in between",
} as const;

/**
 * The answer of an exchange.
 *
 * @param what the verb and its object, to finish "Cannot …": `read meter p5`.
 * @throws {MeterError} what failed, and what to look at.
 */
export function answered(what: string, request: string, exchange: Exchange): Extract<Exchange, { ok: true }> {
  if (exchange.ok) return exchange;
  const { code, reason, tries } = exchange;
  const times = tries === 1 ? "" : ` ${tries} times`;
  throw new MeterError(code, `Cannot ${what}: ${request} failed${times}, ${reason}; ${ADVICE[code]}`);
}
