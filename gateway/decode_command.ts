import { decodeTelegram, fromHex, type Telegram, TelegramError } from "@mbus-gateway/mbus";
import { EXIT, UsageError } from "@mbus-gateway/resource";
import { annotatedBytes, telegramTable } from "./decode_text.ts";

/** Where the command reads and writes; a test hands over its own. */
export interface DecodeIo {
  /** Read for `-`, and when nothing names what to decode. */
  stdin: ReadableStream<Uint8Array>;
  /** Takes the output; the command waits for it, so a slow reader slows the command instead of filling memory. */
  stdout: (text: string) => void | Promise<void>;
  /** Takes one sentence about a telegram that cannot be decoded. */
  stderr: (text: string) => void | Promise<void>;
  /** Reads a whole text file. */
  readTextFile: (path: string) => Promise<string>;
}

const HELP = `Decode M-Bus telegrams: a wired frame from its first 68 to its 16.

Usage: decode [HEX | FILE | -] [--format text|json|ndjson|annotated] [--key HEX | --keys FILE]

  HEX            One telegram; spaces are allowed, several words are joined.
  FILE           A text file with the hex of one telegram (with ndjson: one a line).
  -              The same from standard input; this is the default.

  --format       text       a table (the default)
                 json       one object
                 ndjson     reads one telegram a line (hex, or {"telegram": HEX}) and writes one object a line, in order,
                            for bad ones too; the exit code is 0
                 annotated  every byte with its meaning
  --key, --keys  Keys of encrypted meters. They are accepted but not used yet: wireless security is not built in, an
                 encrypted telegram is refused with the code key_missing.

Exit codes: 0 decoded, 1 the telegram cannot be decoded, 2 the command line is wrong.
`;

const FORMATS = ["text", "json", "ndjson", "annotated"] as const;
type Format = typeof FORMATS[number];

/** No telegram is longer than this many characters, spaces included; a longer line is not kept. */
const LONGEST_LINE = 65_536;

/**
 * The command `decode`.
 *
 * @param args what stands behind the verb.
 * @returns the exit code.
 * @throws {UsageError} when the command line is wrong.
 */
export async function decodeCommand(args: string[], io: DecodeIo = standardIo()): Promise<number> {
  const { words, format, help } = parseArguments(args);
  if (help) {
    await io.stdout(HELP);
    return EXIT.ok;
  }
  if (format === "ndjson") {
    const lines = await inputLines(words, io);
    await decodeLines(lines, io.stdout);
    return EXIT.ok;
  }
  return await decodeOne(await inputText(words, io), format, io);
}

function parseArguments(args: string[]): { words: string[]; format: Format; help: boolean } {
  const words: string[] = [];
  let format: Format = "text";
  let help = false;
  for (let index = 0; index < args.length; index++) {
    const word = args[index] as string;
    const [name = "", inline] = word.split(/=(.*)/s);
    const value = () => inline ?? args[++index] ?? "";
    if (name === "--help" || name === "-h") help = true;
    else if (name === "--format") format = parseFormat(value());
    else if (name === "--key") expectKey(value());
    else if (name === "--keys") expectPath(value());
    else if (word !== "-" && word.startsWith("-")) {
      throw new UsageError(`Cannot decode: there is no option "${name}"; known are --format, --key, --keys and --help`);
    } else words.push(word);
  }
  if (words.includes("-") && words.length > 1) {
    throw new UsageError(`Cannot decode: "-" reads standard input, so nothing else can be named`);
  }
  return { words, format, help };
}

function parseFormat(text: string): Format {
  const format = FORMATS.find((known) => known === text);
  if (format === undefined) {
    throw new UsageError(`Cannot decode: format is "${text}", expected one of ${FORMATS.join(", ")}`);
  }
  return format;
}

function expectKey(text: string): void {
  if (/^[0-9A-Fa-f]{32}$/.test(text)) return;
  throw new UsageError("Cannot decode: --key needs the 32 hex digits of an AES-128 key");
}

function expectPath(text: string): void {
  if (text === "") throw new UsageError("Cannot decode: --keys needs a FILE");
}

const HEX_WORD = /^[0-9A-Fa-f\s]+$/;

/** Whatever is named, as one text of hex digits. */
async function inputText(words: string[], io: DecodeIo): Promise<string> {
  if (words.length === 0 || words[0] === "-") return await new Response(io.stdin).text();
  const joined = words.join(" ");
  if (words.length > 1 || HEX_WORD.test(joined)) return joined;
  return await readFile(joined, io) ?? joined;
}

async function inputLines(words: string[], io: DecodeIo): Promise<AsyncIterable<string | null>> {
  if (words.length === 0 || words[0] === "-") return linesOf(io.stdin);
  const text = await inputText(words, io);
  return linesOf(new Blob([text]).stream());
}

/** A word that is no hex and no file either is left to the decoder, which says what is wrong with it. */
async function readFile(path: string, io: DecodeIo): Promise<string | null> {
  try {
    return await io.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function decodeOne(text: string, format: Exclude<Format, "ndjson">, io: DecodeIo): Promise<number> {
  const outcome = decodeText(text.trim());
  const error = outcome.error === null ? null : outcome.error.message;
  if (format === "json") await io.stdout(outcomeJson(outcome) + "\n");
  else if (format === "annotated") {
    if (outcome.frame !== null) await io.stdout(annotatedBytes(outcome.frame, outcome.telegram, error));
  } else if (outcome.telegram !== null) await io.stdout(telegramTable(outcome.telegram));
  if (error === null) return EXIT.ok;
  await io.stderr(error + "\n");
  return EXIT.failure;
}

/** Decodes line after line; the output of one chunk of input is written at once, and waited for. */
async function decodeLines(lines: AsyncIterable<string | null>, stdout: DecodeIo["stdout"]): Promise<void> {
  let output = "";
  for await (const line of lines) {
    output += outcomeJson(line === null ? tooLong() : decodeLine(line)) + "\n";
    if (output.length < LONGEST_LINE) continue;
    await stdout(output);
    output = "";
  }
  if (output !== "") await stdout(output);
}

/** What became of one input: a telegram, an error, or both where the telegram ends within a record. */
interface Outcome {
  frame: Uint8Array | null;
  telegram: Telegram | null;
  error: { message: string; code: string; offset: number } | null;
}

function decodeLine(line: string): Outcome {
  const text = line.trim();
  if (!text.startsWith("{")) return decodeText(text);
  try {
    const { telegram } = JSON.parse(text) as { telegram?: unknown };
    if (typeof telegram === "string") return decodeText(telegram);
    return failed("json", `Cannot read line: it has no "telegram" with hex digits`);
  } catch (error) {
    return failed("json", `Cannot read line: ${(error as Error).message}`);
  }
}

function decodeText(text: string): Outcome {
  let frame: Uint8Array | null = null;
  try {
    frame = fromHex(text);
    const telegram = decodeTelegram(frame);
    // The records before the cut are whole and shown; the telegram as such is not what the meter meant to send.
    const error = telegram.fault?.code === "truncated" ? telegram.fault : null;
    return { frame, telegram, error };
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    return { frame, telegram: null, error };
  }
}

function failed(code: string, message: string): Outcome {
  return { frame: null, telegram: null, error: { message, code, offset: 0 } };
}

function tooLong(): Outcome {
  return failed("length", `Cannot read line: it is longer than ${LONGEST_LINE} characters`);
}

function outcomeJson({ telegram, error }: Outcome): string {
  if (error === null) return JSON.stringify({ ok: true, ...telegram?.toJSON(), profile: null, values: {} });
  const { message, code, offset } = error;
  const partial = telegram === null ? {} : { partial: telegram };
  return JSON.stringify({ ok: false, error: message, code, offset, ...partial });
}

/** The lines of a stream, without their ends; null for one that is too long to be a telegram. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string | null> {
  const decoder = new TextDecoder();
  let pending = "";
  let skipping = false;
  for await (const chunk of stream) {
    pending += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = pending.indexOf("\n"); end >= 0; end = pending.indexOf("\n", start)) {
      if (skipping || end - start > LONGEST_LINE) yield null;
      else yield pending.slice(start, end);
      skipping = false;
      start = end + 1;
    }
    pending = pending.slice(start);
    if (pending.length > LONGEST_LINE) {
      skipping = true;
      pending = "";
    }
  }
  pending += decoder.decode();
  if (skipping) yield null;
  else if (pending !== "") yield pending;
}

function standardIo(): DecodeIo {
  return {
    stdin: Deno.stdin.readable,
    stdout: (text) => writeAll(Deno.stdout, text),
    stderr: (text) => writeAll(Deno.stderr, text),
    readTextFile: (path) => Deno.readTextFile(path),
  };
}

async function writeAll(sink: { write(bytes: Uint8Array): Promise<number> }, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await sink.write(bytes.subarray(at));
}
