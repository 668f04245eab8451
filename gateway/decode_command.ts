import { JsonText, type KeyLookup } from "@mbus-gateway/mbus";
import { EXIT, UsageError } from "@mbus-gateway/resource/program";
import { keyForAll, keysOfFile } from "./decode_keys.ts";
import { decodeLines } from "./decode_lines.ts";
import { failed, type Outcome, TelegramDecoder, writeOutcome } from "./decode_outcome.ts";
import { annotatedBytes, telegramTable } from "./decode_text.ts";

/** Where the command reads and writes; a test hands over its own. */
export interface DecodeIo {
  /** Read for `-`, and when nothing names what to decode. */
  stdin: ReadableStream<Uint8Array>;
  /**
   * Takes the output, UTF-8 that is good until it settles; the command waits for it, so a slow reader slows the command
   * instead of filling memory.
   */
  stdout: (bytes: Uint8Array) => void | Promise<void>;
  /** Takes one sentence about a telegram that cannot be decoded. */
  stderr: (bytes: Uint8Array) => void | Promise<void>;
  /** Reads a whole text file. */
  readTextFile: (path: string) => Promise<string>;
}

const HELP =
  `Decode M-Bus telegrams: a wired frame from its first 68 to its 16, or a wireless frame from its length byte,
with its CRCs or without.

Usage: decode [HEX | FILE | -] [--format text|json|ndjson|annotated] [--key HEX | --keys FILE]

  HEX            One telegram; spaces are allowed, several words are joined.
  FILE           A text file with the hex of one telegram (with ndjson: one a line).
  -              The same from standard input; this is the default.

  --format       text       a table (the default)
                 json       one object
                 ndjson     reads one telegram a line (hex, or {"telegram": HEX, "key": HEX}) and writes one object a
                            line, in order, for bad ones too; the exit code is 0
                 annotated  every byte with its meaning
  --key HEX      The AES-128 key of encrypted meters, 32 hex digits.
  --keys FILE    Keys by meter, a text file: a line is IDENTIFICATION HEX, "#" begins a comment; or a JSON object
                 {"IDENTIFICATION": "HEX"}. An identification is up to eight digits, the manufacturer's three letters
                 may stand before it: "KAM 12345678 000102030405060708090A0B0C0D0E0F". A "key" in an ndjson line
                 comes before these.

Exit codes: 0 decoded, 1 the telegram cannot be decoded, 2 the command line is wrong.
`;

const FORMATS = ["text", "json", "ndjson", "annotated"] as const;
type Format = typeof FORMATS[number];

const ENCODER = new TextEncoder();

/**
 * The command `decode`.
 *
 * @param args what stands behind the verb.
 * @returns the exit code.
 * @throws {UsageError} when the command line is wrong.
 */
export async function decodeCommand(args: string[], io: DecodeIo = standardIo()): Promise<number> {
  const { words, format, key, keysFile, help } = parseArguments(args);
  if (help) {
    await io.stdout(ENCODER.encode(HELP));
    return EXIT.ok;
  }
  const decoder = new TelegramDecoder(await keysOf(key, keysFile, io));
  if (format !== "ndjson") {
    const text = await inputText(words, io);
    // What comes back as it was named is no file.
    const outcome = text === words.join(" ") && FILE_NAME.test(text)
      ? failed("hex", `Cannot read ${text}: it is neither hex digits nor a file that is there`)
      : decoder.decodeHex(text.trim());
    return await writeOne(outcome, format, io);
  }
  const input = isStandardInput(words) ? io.stdin : new Blob([await inputText(words, io)]).stream();
  await decodeLines(input, decoder, io.stdout);
  return EXIT.ok;
}

interface Arguments {
  words: string[];
  format: Format;
  key: string | null;
  keysFile: string | null;
  help: boolean;
}

function parseArguments(args: string[]): Arguments {
  const parsed: Arguments = { words: [], format: "text", key: null, keysFile: null, help: false };
  for (let index = 0; index < args.length; index++) {
    const word = args[index] as string;
    const [name = "", inline] = word.split(/=(.*)/s);
    const value = () => inline ?? args[++index] ?? "";
    if (name === "--help" || name === "-h") parsed.help = true;
    else if (name === "--format") parsed.format = parseFormat(value());
    else if (name === "--key") parsed.key = value();
    else if (name === "--keys") parsed.keysFile = value();
    else if (word !== "-" && word.startsWith("-")) {
      throw new UsageError(`Cannot decode: there is no option "${name}"; known are --format, --key, --keys and --help`);
    } else parsed.words.push(word);
  }
  if (parsed.words.includes("-") && parsed.words.length > 1) {
    throw new UsageError(`Cannot decode: "-" reads standard input, so nothing else can be named`);
  }
  return parsed;
}

function parseFormat(text: string): Format {
  const format = FORMATS.find((known) => known === text);
  if (format === undefined) {
    throw new UsageError(`Cannot decode: format is "${text}", expected one of ${FORMATS.join(", ")}`);
  }
  return format;
}

async function keysOf(key: string | null, file: string | null, io: DecodeIo): Promise<KeyLookup | undefined> {
  if (key !== null && file !== null) throw new UsageError("Cannot decode: --key and --keys exclude each other");
  if (file === "") throw new UsageError("Cannot decode: --keys needs a FILE");
  if (file !== null) {
    const text = await readFile(file, io);
    if (text === null) throw new UsageError(`Cannot read keys: there is no file ${file}`);
    return keysOfFile(file, text);
  }
  if (key === null) return undefined;
  const keys = keyForAll(key);
  if (keys === null) throw new UsageError("Cannot decode: --key needs the 32 hex digits of an AES-128 key");
  return keys;
}

const HEX_WORD = /^[0-9A-Fa-f\s]+$/;
/** What nobody types for hex, even mistyped. */
const FILE_NAME = /^[^\s{]*[./\\][^\s{]*$/;

/** Whatever is named, as one text of hex digits. */
async function inputText(words: string[], io: DecodeIo): Promise<string> {
  if (isStandardInput(words)) return await new Response(io.stdin).text();
  const joined = words.join(" ");
  if (words.length > 1 || HEX_WORD.test(joined)) return joined;
  return await readFile(joined, io) ?? joined;
}

function isStandardInput(words: string[]): boolean {
  return words.length === 0 || words[0] === "-";
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

async function writeOne(outcome: Outcome, format: Exclude<Format, "ndjson">, io: DecodeIo): Promise<number> {
  const { frame, telegram } = outcome;
  const error = outcome.error === null ? null : outcome.error.message;
  if (format === "json") {
    const json = new JsonText();
    writeOutcome(json, outcome);
    await io.stdout(json.bytes);
  } else if (format === "annotated") {
    if (frame !== null) await io.stdout(ENCODER.encode(annotatedBytes(frame, telegram, error)));
  } else if (telegram !== null) await io.stdout(ENCODER.encode(telegramTable(telegram)));
  if (error === null) return EXIT.ok;
  await io.stderr(ENCODER.encode(error + "\n"));
  return EXIT.failure;
}

function standardIo(): DecodeIo {
  return {
    stdin: Deno.stdin.readable,
    // The next line is not worth reading before this one has been taken, so there is nothing to do meanwhile.
    stdout: (bytes) => writeAll(Deno.stdout, bytes),
    stderr: (bytes) => writeAll(Deno.stderr, bytes),
    readTextFile: (path) => Deno.readTextFile(path),
  };
}

function writeAll(sink: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += sink.writeSync(bytes.subarray(at));
}
