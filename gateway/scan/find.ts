import { decodeTelegram, type Telegram, TelegramError } from "@mbus-gateway/mbus";
import { secondaryText } from "../bus_address.ts";
import { identityIn } from "../same_meter.ts";
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
  const telegram = decoded(frame);
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

/** The fabrication number that a telegram states, as eight digits. */
export function fabricationNumberIn(frame: Uint8Array): string | null {
  const record = decoded(frame)?.records.find(({ quantity }) => quantity === "fabrication_number");
  const digits = record?.value;
  return typeof digits === "string" && /^\d{1,8}$/.test(digits) ? digits.padStart(8, "0") : null;
}

/** A meter whose telegram cannot be decoded (encrypted, or of its maker's own make) is there all the same. */
function decoded(frame: Uint8Array): Telegram | null {
  try {
    return decodeTelegram(frame);
  } catch (thrown) {
    if (thrown instanceof TelegramError) return null;
    throw thrown;
  }
}
