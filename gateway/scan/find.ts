import { secondaryText } from "../bus_address.ts";
import { decodedOrNull, identityIn } from "../meter_identity.ts";
import type { FoundMeter } from "./scan_report.ts";

/** A meter that was found, and what a lower bound needs to know of it. */
export interface Find {
  meter: FoundMeter;
  /** The fabrication number that it was told apart by, where it took that. */
  fabricationNumber: string | null;
  /** How long its answer is. */
  bytes: number;
}

/**
 * What a telegram says of who sent it.
 *
 * @param address what to read it by, where that is known already; else its own sixteen digits.
 */
export function findIn(
  frame: Uint8Array,
  { baudRate, address, fabricationNumber = null }: {
    baudRate: number;
    address?: string;
    fabricationNumber?: string | null;
  },
): Find {
  const telegram = decodedOrNull(frame);
  const identity = identityIn(frame);
  const secondary = identity === null ? null : secondaryText(identity);
  const meter: FoundMeter = {
    address: address ?? secondary ?? "",
    secondary,
    manufacturer: telegram?.manufacturer ?? null,
    identification: telegram?.identification ?? null,
    version: telegram?.version ?? null,
    deviceType: telegram?.deviceType ?? null,
    baudRate,
  };
  return { meter, fabricationNumber, bytes: frame.length };
}
