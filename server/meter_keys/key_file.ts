import { UsageError } from "@mbus-gateway/resource";

/** A meter and its key, as an operator's file has them. */
export interface ListedKey {
  manufacturer: string;
  identification: string;
  /** AES-128: 16 bytes. */
  key: Uint8Array;
}

const LINE = /^([A-Za-z]{3})[\s/:,;-]*([0-9A-Fa-f]{1,8})[\s=,;:]+([0-9A-Fa-f]{32})$/;

/**
 * Keys out of lines `ELS 44493951 000102…`; "#" begins a comment. Manufacturer and identification are both needed:
 * two makers may use one number.
 *
 * @param path the file's name, for sentences.
 * @throws {UsageError} naming the line that is none; it never shows what the line holds.
 */
export function parseKeyFile(path: string, text: string): ListedKey[] {
  return text.split("\n").flatMap((line, index): ListedKey[] => {
    const bare = line.replace(/#.*/, "").trim();
    if (bare === "") return [];
    const [, manufacturer, identification, key] = LINE.exec(bare) ?? [];
    if (manufacturer === undefined || identification === undefined || key === undefined) {
      const expected = "MANUFACTURER IDENTIFICATION KEY, the key 32 hex digits";
      throw new UsageError(`Cannot read keys: ${path}, line ${index + 1}: expected ${expected}`);
    }
    return [{
      manufacturer: manufacturer.toUpperCase(),
      identification: identification.toUpperCase().padStart(8, "0"),
      key: Uint8Array.fromHex(key),
    }];
  });
}
