import {
  decimalText,
  decodeTelegram,
  FrameScanner,
  JsonText,
  type Telegram,
  TelegramError,
  toHex,
} from "@mbus-gateway/mbus";
import { countingReads } from "./counting_reads.ts";
import { Random } from "./random.ts";
import { fuzzedTelegram, goodTelegrams, KEY } from "./telegrams.ts";

/** What became of a run. */
export interface FuzzResult {
  /** Telegrams that were decoded. */
  decoded: number;
  /** Telegrams that were refused, by code. */
  refused: Map<string, number>;
  /** The most reads of a byte for each byte of a telegram. */
  mostReads: number;
}

/**
 * Decodes random and mutated telegrams, and reads everything that comes out.
 *
 * @param onProgress is told now and then how many have been decoded.
 * @throws {Error} at whatever ends neither in a telegram nor in a TelegramError with an offset, with the telegram in hex.
 */
export function fuzz(count: number, seed: number, onProgress?: (done: number) => void): FuzzResult {
  const random = new Random(seed);
  const good = goodTelegrams();
  const result: FuzzResult = { decoded: 0, refused: new Map(), mostReads: 0 };
  for (let done = 0; done < count; done++) {
    const bytes = fuzzedTelegram(random, good);
    try {
      const code = outcomeOf(bytes, random.below(8) === 0);
      if (code === null) result.decoded++;
      else result.refused.set(code, (result.refused.get(code) ?? 0) + 1);
      if (done % 16 === 0) result.mostReads = Math.max(result.mostReads, readsPerByte(bytes));
      if (done % 16 === 1) expectSameInPieces(bytes, random);
    } catch (cause) {
      throw new Error(`Cannot decode telegram ${done} of seed ${seed}: ${toHex(bytes)}`, { cause });
    }
    if (done % 10_000 === 9_999) onProgress?.(done + 1);
  }
  return result;
}

const options = { keys: () => KEY };
const json = new JsonText();

/** The code with which the telegram is refused; null where it is decoded. */
function outcomeOf(bytes: Uint8Array, compared: boolean): string | null {
  try {
    const telegram = decodeTelegram(bytes, options);
    expectSound(telegram);
    json.clear();
    telegram.writeJson(json);
    if (compared && json.toString() !== JSON.stringify(telegram)) throw new Error("Cannot agree: JSON differs");
    return null;
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    const { offset, message } = error;
    if (!Number.isInteger(offset) || offset < 0 || offset > bytes.length) throw new Error(`Cannot be offset ${offset}`);
    if (!message.startsWith("Cannot ")) throw new Error(`Cannot be a sentence: ${message}`);
    return error.code;
  }
}

function expectSound({ records }: Telegram): void {
  for (const { value, error, key, dib, vib, data, decimal } of records) {
    if (value !== null && error !== null) throw new Error(`Cannot be: ${key} has a value and an error`);
    if (decimal !== null && decimalText(decimal.coefficient, decimal.exponent) !== value) {
      throw new Error(`Cannot be: ${key} has another number than its value ${value}`);
    }
    if ((dib.length + vib.length + data.length) % 2 !== 0) throw new Error(`Cannot be: ${key} has half a byte`);
  }
}

/** How often each byte is looked at until everything has been decoded. */
function readsPerByte(bytes: Uint8Array): number {
  const counted = countingReads(bytes);
  try {
    decodeTelegram(counted.bytes, options);
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
  }
  return counted.reads() / (bytes.length + 1);
}

/** A stream gives the same frames in whatever pieces it comes. */
function expectSameInPieces(bytes: Uint8Array, random: Random): void {
  const whole = new FrameScanner();
  const pieces = new FrameScanner();
  const expected = describe([...whole.push(bytes), ...whole.end()]);
  const found: ReturnType<FrameScanner["push"]> = [];
  for (let at = 0; at < bytes.length;) {
    const next = at + 1 + random.below(9);
    found.push(...pieces.push(bytes.subarray(at, next)));
    at = next;
  }
  found.push(...pieces.end());
  if (describe(found) !== expected) throw new Error(`Cannot agree: ${describe(found)} is not ${expected}`);
  if (whole.judged > bytes.length) throw new Error(`Cannot be linear: ${whole.judged} beginnings were judged`);
}

function describe(found: ReturnType<FrameScanner["push"]>): string {
  return found.map((item) =>
    item.type === "frame"
      ? `${item.offset} ${toHex(item.bytes)}`
      : `${item.offset}+${item.length} ${item.error.message}`
  ).join("; ");
}
