import type { Frame } from "@mbus-gateway/mbus";
import { SELECTED } from "./bus_address.ts";
import type { LinkMaster } from "./link_master.ts";
import { CI_SELECT, isAck, short, SND_NKE, SND_UD, withData } from "./link_words.ts";

/** The record that follows the eight bytes in enhanced selection: fabrication number, eight BCD digits. */
const FABRICATION_NUMBER = [0x0c, 0x78];

/**
 * The request that selects whoever fits (EN 13757-3, 11.3 and 11.5), and lets go of everybody else. It clears the FCB
 * that the meter remembers for address 253.
 */
export function selectionRequest(selection: Uint8Array, fabricationNumber: Uint8Array | null): Frame {
  const enhanced = fabricationNumber === null ? [] : [...FABRICATION_NUMBER, ...fabricationNumber];
  return withData(SND_UD, SELECTED, CI_SELECT, Uint8Array.from([...selection, ...enhanced]));
}

/** Lets go of whoever is selected; it answers, and often nobody is. */
export async function deselect(link: LinkMaster, signal?: AbortSignal): Promise<void> {
  await link.request(short(SND_NKE, SELECTED), { judge: isAck, signal, mayStaySilent: true });
}

/** Lets go of the one that has just answered: its silence means that its acknowledgement is lost, or late. */
export async function letGo(link: LinkMaster, signal?: AbortSignal): Promise<void> {
  await link.request(short(SND_NKE, SELECTED), { judge: isAck, signal, timeoutMs: 0, retries: 0 });
}
