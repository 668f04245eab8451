/**
 * The words that a master and a meter have for each other at the link layer (EN 13757-2), and what a meter's answer
 * gives away of who sent it.
 *
 * @module
 */
import type { Frame } from "@mbus-gateway/mbus";
import type { Verdict } from "./link_exchange.ts";

/** C fields of the primary station (EN 13757-2). */
export const SND_NKE = 0x40;
/** SND_UD with FCV set; the FCB is added. */
export const SND_UD = 0x53;
/** REQ_UD2 with FCV set; the FCB is added. */
export const REQ_UD2 = 0x5b;
export const FCB = 0x20;
/** C field of RSP_UD, once ACD (bit 5) and DFC (bit 4) are masked. */
const RSP_UD = 0x08;

export const CI_SELECT = 0x52;
export const CI_APPLICATION_ERROR = 0x70;
const CI_VARIABLE_LONG_HEADER = 0x72;

/** A telegram of a meter. */
export type ResponseFrame = Extract<Frame, { type: "control" | "long" }>;

/** A request without data. */
export function short(control: number, address: number): Frame {
  return { type: "short", control, address };
}

/** A request with data; without any it is a control frame. */
export function withData(control: number, address: number, ci: number, data: Uint8Array): Frame {
  return data.length === 0 ? { type: "control", control, address, ci } : { type: "long", control, address, ci, data };
}

/** Judges what comes after a request that is acknowledged by E5 alone. */
export function isAck(frame: Frame): Verdict {
  // A meter's telegram that comes now is a late one: it answers nobody's SND_NKE.
  return frame.type === "ack" ? "answer" : isResponse(frame) ? "wrong_meter" : "unexpected";
}

/** Whether it is a meter's telegram (RSP_UD). */
export function isResponse(frame: Frame): frame is ResponseFrame {
  return (frame.type === "long" || frame.type === "control") && (frame.control & 0xcf) === RSP_UD;
}

/** The eight bytes of the meter's secondary address in the order of the wire, where its telegram carries them. */
export function identityOf(frame: Frame): Uint8Array | null {
  if (frame.type !== "long" || frame.ci !== CI_VARIABLE_LONG_HEADER || frame.data.length < 8) return null;
  return frame.data.subarray(0, 8);
}
