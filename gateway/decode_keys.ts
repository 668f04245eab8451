import { fromHex, type KeyLookup } from "@mbus-gateway/mbus";
import { UsageError } from "@mbus-gateway/resource/program";

const KEY_HEX = /^[0-9A-Fa-f]{32}$/;
const IDENTIFICATION = /^(?:[A-Za-z]{3}[\s/:-]*)?([0-9A-Fa-f]{1,8})$/;

/** One AES-128 key for whatever meter; null unless it is 32 hex digits. */
export function keyForAll(hex: string): KeyLookup | null {
  if (!KEY_HEX.test(hex)) return null;
  const key = fromHex(hex);
  return () => key;
}

/**
 * Keys by identification out of a file: a JSON object `{"12345678": "HEX"}`, or lines `12345678 HEX` ("#" begins a
 * comment). Three letters of the manufacturer before the identification are allowed.
 *
 * @throws {UsageError} at what cannot be read; it never shows a key.
 */
export function keysOfFile(path: string, text: string): KeyLookup {
  const entries = text.trimStart().startsWith("{") ? entriesOfJson(path, text) : entriesOfLines(text);
  const keys = new Map<string, Uint8Array>();
  for (const [name, hex, place] of entries) {
    const identification = IDENTIFICATION.exec(name)?.[1];
    if (identification === undefined || typeof hex !== "string" || !KEY_HEX.test(hex)) {
      const expected = "an identification of up to eight digits and a key of 32 hex digits";
      throw new UsageError(`Cannot read keys: ${path}, ${place}: expected ${expected}`);
    }
    keys.set(identification.toUpperCase().padStart(8, "0"), fromHex(hex));
  }
  return ({ identification }) => keys.get(identification);
}

type Entry = [name: string, hex: unknown, place: string];

function entriesOfJson(path: string, text: string): Entry[] {
  try {
    const keys = JSON.parse(text) as Record<string, unknown>;
    return Object.entries(keys).map(([name, hex]) => [name, hex, `"${name}"`]);
  } catch {
    // The parser's own words would show some of the file.
    throw new UsageError(`Cannot read keys: ${path} begins as JSON and is none`);
  }
}

function entriesOfLines(text: string): Entry[] {
  return text.split("\n").flatMap((line, index): Entry[] => {
    const words = line.replace(/#.*/, "").trim().split(/[\s=,;]+/);
    if (words[0] === "") return [];
    return [[words.slice(0, -1).join(" "), words.at(-1), `line ${index + 1}`]];
  });
}
