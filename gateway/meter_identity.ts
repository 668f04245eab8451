import { decodeTelegram, parseFrame, type Telegram, TelegramError } from "@mbus-gateway/mbus";
import { identityOf } from "./link_words.ts";

/** Whether two telegrams come from one meter, by what they say; without a header nothing is said, and nothing proven. */
export function sameMeter(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  const [one, other] = [identityIn(a), identityIn(b)];
  return one !== null && other !== null && one.every((byte, index) => byte === other[index]);
}

/** The eight bytes of the secondary address that a link frame carries. */
export function identityIn(bytes: Uint8Array | undefined): Uint8Array | null {
  const parsed = bytes === undefined ? null : parseFrame(bytes);
  return parsed === null || "needs" in parsed ? null : identityOf(parsed.frame);
}

/** The fabrication number that a telegram states, as eight digits. */
export function fabricationNumberIn(frame: Uint8Array): string | null {
  const record = decodedOrNull(frame)?.records.find(({ quantity }) => quantity === "fabrication_number");
  const digits = record?.value;
  return typeof digits === "string" && /^\d{1,8}$/.test(digits) ? digits.padStart(8, "0") : null;
}

/** A meter whose telegram cannot be decoded (encrypted, or of its maker's own make) is there all the same. */
export function decodedOrNull(frame: Uint8Array): Telegram | null {
  try {
    return decodeTelegram(frame);
  } catch (thrown) {
    if (thrown instanceof TelegramError) return null;
    throw thrown;
  }
}
