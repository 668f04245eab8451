import {
  type CompactFormat,
  decodeTelegram,
  fromHex,
  type JsonText,
  type KeyLookup,
  type Telegram,
  TelegramError,
  WirelessTelegram,
} from "@mbus-gateway/mbus";

/** What became of one input: a telegram, an error, or both where the telegram ends within a record. */
export interface Outcome {
  frame: Uint8Array | null;
  telegram: Telegram | null;
  error: { message: string; code: string; offset: number } | null;
}

/** Formats of compact frames are few; a hostile sender could invent endless ones. */
const MOST_FORMATS = 1024;

/** Decodes telegrams one after the other, and remembers what full frames tell about the compact ones that follow. */
export class TelegramDecoder {
  readonly #keys: KeyLookup | undefined;
  readonly #learnt = new Map<number, Uint8Array>();
  readonly #formats = (signature: number) => this.#learnt.get(signature);

  constructor(keys?: KeyLookup) {
    this.#keys = keys;
  }

  /** The telegram that these bytes are. */
  decode(frame: Uint8Array, keys: KeyLookup | undefined = this.#keys): Outcome {
    try {
      const telegram = decodeTelegram(frame, { keys, formats: this.#formats });
      if (telegram instanceof WirelessTelegram) this.#learn(telegram.learntFormat);
      return { frame, telegram, error: cutOf(telegram) };
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error;
      return { frame, telegram: null, error };
    }
  }

  /** The telegram that this hex text is. */
  decodeHex(text: string, keys?: KeyLookup): Outcome {
    let frame: Uint8Array;
    try {
      frame = fromHex(text);
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error;
      return { frame: null, telegram: null, error };
    }
    return this.decode(frame, keys);
  }

  #learn(format: CompactFormat | null): void {
    if (format === null || this.#learnt.size >= MOST_FORMATS) return;
    this.#learnt.set(format.signature, format.format);
  }
}

/**
 * On a wire the records before a cut are whole and shown, but the telegram as such is not what the meter meant to send.
 * By radio the bytes behind an encrypted block, or a payload of the maker's own, may look like a cut record.
 */
function cutOf({ link, fault }: Telegram): Telegram["fault"] {
  return link === "wired" && fault?.code === "truncated" ? fault : null;
}

/** The outcome of an input that is not even bytes. */
export function failed(code: string, message: string): Outcome {
  return { frame: null, telegram: null, error: { message, code, offset: 0 } };
}

const OK = ascii('{"ok":true,');
const END = ascii("}\n");
const LINE_FEED = 0x0a;

/** Adds the outcome as one object and the end of the line. */
export function writeOutcome(json: JsonText, { telegram, error }: Outcome): void {
  if (error !== null || telegram === null) {
    const { message, code, offset } = error ?? { message: "", code: "", offset: 0 };
    const partial = telegram === null ? {} : { partial: telegram };
    json.rawText(JSON.stringify({ ok: false, error: message, code, offset, ...partial }));
    return json.character(LINE_FEED);
  }
  json.raw(OK);
  telegram.writeFields(json);
  json.raw(END);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
