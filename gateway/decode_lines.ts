import { JsonText, readHexDigits } from "@mbus-gateway/mbus";
import { keyForAll } from "./decode_keys.ts";
import { failed, type Outcome, type TelegramDecoder, writeOutcome } from "./decode_outcome.ts";

/** No telegram is longer than this many characters, spaces included; a longer line is not kept. */
const LONGEST_LINE = 65_536;
/** So much output is written at once. */
const OUTPUT_SIZE = 262_144;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const DECODER = new TextDecoder();

/**
 * Decodes one telegram a line (hex, or a JSON object with `telegram` and perhaps `key`) and writes one object a line, in
 * order, for bad ones too. A slow reader slows the work instead of filling memory.
 *
 * @param write takes bytes that are good until it settles.
 */
export async function decodeLines(
  input: ReadableStream<Uint8Array>,
  decoder: TelegramDecoder,
  write: (bytes: Uint8Array) => void | Promise<void>,
): Promise<void> {
  const lines = new LineDecoder(decoder);
  const { json } = lines;
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      lines.end(chunk, start, end);
      start = end + 1;
      if (json.length >= OUTPUT_SIZE) await flush(json, write);
    }
    lines.keep(chunk, start);
    if (json.length > 0) await flush(json, write);
  }
  lines.finish();
  if (json.length > 0) await flush(json, write);
}

async function flush(json: JsonText, write: (bytes: Uint8Array) => void | Promise<void>): Promise<void> {
  await write(json.bytes);
  json.clear();
}

/** Lines come in pieces; what has come of the present one is kept, unless it is too long to be a telegram. */
class LineDecoder {
  readonly json = new JsonText(2 * OUTPUT_SIZE);
  readonly #decoder: TelegramDecoder;
  readonly #frame = new Uint8Array(LONGEST_LINE / 2);
  readonly #kept = new Uint8Array(LONGEST_LINE);
  #keptLength = 0;

  constructor(decoder: TelegramDecoder) {
    this.#decoder = decoder;
  }

  /** A line ends at `to`. */
  end(chunk: Uint8Array, from: number, to: number): void {
    if (this.#keptLength === 0 && to - from <= LONGEST_LINE) return this.#decode(chunk, from, to);
    this.keep(chunk, from, to);
    this.finish(true);
  }

  /** Keeps what belongs to a line that goes on. */
  keep(chunk: Uint8Array, from: number, to = chunk.length): void {
    const length = this.#keptLength + to - from;
    if (length <= LONGEST_LINE) this.#kept.set(chunk.subarray(from, to), this.#keptLength);
    this.#keptLength = Math.min(length, LONGEST_LINE + 1);
  }

  /** The last line, which may lack its end. */
  finish(ended = false): void {
    const length = this.#keptLength;
    this.#keptLength = 0;
    if (length > LONGEST_LINE) writeOutcome(this.json, tooLong());
    else if (length > 0 || ended) this.#decode(this.#kept, 0, length);
  }

  #decode(bytes: Uint8Array, from: number, to: number): void {
    const end = to > from && bytes[to - 1] === CARRIAGE_RETURN ? to - 1 : to;
    const length = readHexDigits(bytes, from, end, this.#frame);
    const outcome = length > 0
      ? this.#decoder.decode(this.#frame.subarray(0, length))
      : decodeText(DECODER.decode(bytes.subarray(from, end)).trim(), this.#decoder);
    writeOutcome(this.json, outcome);
  }
}

function decodeText(text: string, decoder: TelegramDecoder): Outcome {
  if (!text.startsWith("{")) return decoder.decodeHex(text);
  let line: { telegram?: unknown; key?: unknown };
  try {
    line = JSON.parse(text);
  } catch (error) {
    return failed("json", `Cannot read line: ${(error as Error).message}`);
  }
  const { telegram, key } = line;
  if (typeof telegram !== "string") return failed("json", `Cannot read line: it has no "telegram" with hex digits`);
  if (key === undefined || key === null || key === "") return decoder.decodeHex(telegram);
  const keys = typeof key === "string" ? keyForAll(key) : null;
  if (keys === null) return failed("json", `Cannot read line: its "key" has not the 32 hex digits of an AES-128 key`);
  return decoder.decodeHex(telegram, keys);
}

function tooLong(): Outcome {
  return failed("length", `Cannot read line: it is longer than ${LONGEST_LINE} characters`);
}
