import type { Ledger } from "./ledger.ts";
import type { LinkRequest } from "./link_receiver.ts";
import type { SimulatedMeter } from "./meter.ts";
import { readDateTime } from "./meter_clock.ts";
import { encodeAnswer, manufacturerCode } from "./telegram.ts";

/** Where a meter stands in its conversation with a master (EN 13757-2, 5.5: frame count bit). */
export interface Conversation {
  /** The bit of the last request; null after SND_NKE or selection: whatever comes is new. */
  frameCountBit: boolean | null;
  answer: { counter: number; frames: Uint8Array[] } | null;
  telegram: number;
}

/** What one meter says to one request. */
export interface Reply {
  bytes: Uint8Array;
  /** Set for a telegram, not for an acknowledgement. */
  telegram?: { counter: number; index: number };
  /** How long the meter thinks before it: bit times, and on top of them milliseconds. */
  thinks: { bits: number; ms: number };
}

/** What a meter was told and did (SND_UD), for who wants to know whether it was done, and once. */
export interface DoneCommand {
  identification: string;
  /** CI field and data, hexadecimal. */
  command: string;
}

/** What all meters of a segment share. */
export interface SegmentBook {
  ledger: Pick<Ledger, "append" | "lastCounter">;
  now: () => number;
  nextCounter: () => number;
  done: DoneCommand[];
}

export const SELECTED = 253;
const TEST = 254;
const ACKNOWLEDGE = Uint8Array.of(0xe5);
const BAUD_RATES = [300, 600, 1200, 2400, 4800, 9600, 19200, 38400];
/** CI B8 to BF: one for each speed (EN 13757-2). */
const CI_BAUD_RATE = 0xb8;

/** A meter at the line; primary and secondary addressing count frames apart. */
export class Station {
  readonly #primary: Conversation = newConversation();
  /** The conversation with a master that selected this meter; null while it is not selected. */
  selected: Conversation | null = null;

  constructor(readonly meter: SimulatedMeter, private readonly book: SegmentBook) {}

  /** Whether it can make out what comes at this speed; without one, lines and meters are all of one speed. */
  isDeafAt(baudRate: number | undefined): boolean {
    const own = this.meter.manners.baudRate;
    return baudRate !== undefined && own !== undefined && own !== baudRate;
  }

  hears(address: number): boolean {
    if (address === SELECTED) return this.selected !== null;
    return address === this.meter.identity.primaryAddress || address === TEST;
  }

  /** Takes a broadcast: it is heard and not answered. */
  overhear(request: LinkRequest) {
    this.#reply(request, this.#primary);
  }

  /** What it says to a request that it hears. */
  reply(request: LinkRequest): Reply | null {
    const conversation = request.address === SELECTED && this.selected !== null ? this.selected : this.#primary;
    const reply = this.#reply(request, conversation);
    // EN 13757-3, 11.5: SND_NKE to 253 ends the selection.
    if (request.control === 0x40 && request.address === SELECTED) this.selected = null;
    return reply;
  }

  /** Is selected or let go of. @returns what it says to that. */
  select(pattern: Uint8Array): Reply | null {
    this.selected = matches(this.meter, pattern) ? newConversation() : null;
    return this.selected === null ? null : this.#acknowledge();
  }

  #reply({ control, ci, data }: LinkRequest, conversation: Conversation): Reply | null {
    const frameCountBit = (control & 0x20) !== 0;
    const frameCountValid = (control & 0x10) !== 0;
    // A request is C = 01fv ffff, the direction bit 0x40 from the primary station.
    switch (control & 0x4f) {
      case 0x40: // SND_NKE
        Object.assign(conversation, newConversation());
        return this.#acknowledge();
      case 0x4b: // REQ_UD2
        return this.#data(conversation, frameCountValid ? frameCountBit : null);
      case 0x43: { // SND_UD; the same frame count bit once more: the acknowledgement was lost, nothing is done again
        const repeated = frameCountValid && conversation.frameCountBit === frameCountBit;
        if (frameCountValid) conversation.frameCountBit = frameCountBit;
        const reply = this.#acknowledge();
        if (!repeated && ci !== null) this.#obey(ci, data, conversation);
        return reply;
      }
      case 0x4a: // REQ_UD1: no alarm
        return this.#acknowledge();
      default:
        return null;
    }
  }

  #obey(ci: number, data: Uint8Array, conversation: Conversation) {
    const { identity, manners, state } = this.meter;
    this.book.done.push({
      identification: identity.identification,
      command: Uint8Array.of(ci, ...data).toHex(),
    });
    if (ci === 0x50) {
      // Application reset: what was under way is forgotten, the FCB is not.
      conversation.answer = null;
    } else if (ci >= CI_BAUD_RATE && ci < CI_BAUD_RATE + BAUD_RATES.length) {
      manners.baudRate = state.baudRate = BAUD_RATES[ci - CI_BAUD_RATE];
    } else if (ci === 0x51 && data[0] === 0x01 && data[1] === 0x7a && data.length === 3) {
      if (!manners.addressIsLocked) identity.primaryAddress = state.primaryAddress = data[2] ?? 0;
    } else if (ci === 0x51 && (data[0] === 0x04 || data[0] === 0x06) && data[1] === 0x6d) {
      state.clockAheadMs = readDateTime(data.subarray(2)) - this.book.now();
    }
  }

  #acknowledge(): Reply {
    return { bytes: ACKNOWLEDGE, thinks: this.#thinks() };
  }

  #thinks() {
    const { thinkBits: bits, thinkMs: ms } = this.meter.manners;
    return { bits, ms };
  }

  #data(conversation: Conversation, frameCountBit: boolean | null): Reply {
    const { answer } = conversation;
    const repeats = answer !== null && frameCountBit !== null && frameCountBit === conversation.frameCountBit;
    const more = answer !== null && frameCountBit !== null && conversation.telegram + 1 < answer.frames.length;
    if (!repeats && more) conversation.telegram += 1;
    if (!repeats && !more) {
      conversation.answer = this.#newAnswer();
      conversation.telegram = 0;
    }
    conversation.frameCountBit = frameCountBit;
    const current = conversation.answer;
    const bytes = current?.frames[conversation.telegram];
    if (!current || !bytes) throw new Error("Cannot answer: the meter has no such telegram");
    return { bytes, telegram: { counter: current.counter, index: conversation.telegram }, thinks: this.#thinks() };
  }

  #newAnswer(): { counter: number; frames: Uint8Array[] } {
    const { meter, book } = this;
    const now = book.now();
    const counter = book.nextCounter();
    const answer = meter.answer(now, counter);
    const frames = encodeAnswer(meter.identity, answer);
    book.ledger.append({
      type: "answer",
      counter,
      time: new Date(now).toISOString(),
      meter: { ...meter.identity },
      registers: answer.registers,
      dates: answer.dates,
      frames: frames.map((frame) => frame.toHex()),
    });
    return { counter, frames };
  }
}

function newConversation(): Conversation {
  return { frameCountBit: null, answer: null, telegram: 0 };
}

/**
 * EN 13757-3, 11.3: eight bytes; digit F of the identification and byte FF of the rest stand for any. 11.5: behind them
 * a record 0C 78 with the fabrication number, digit F for any. A meter that has none is not selected by it.
 */
function matches({ identity, manners }: SimulatedMeter, pattern: Uint8Array): boolean {
  if (pattern.length < 8) return false;
  if (!digitsMatch(pattern.subarray(0, 4), identity.identification)) return false;
  const rest = [...manufacturerCode(identity.manufacturer), identity.version, identity.deviceTypeCode];
  if (!rest.every((byte, i) => pattern[4 + i] === 0xff || pattern[4 + i] === byte)) return false;
  if (manners.takesWholeManufacturer && (pattern[4] === 0xff) !== (pattern[5] === 0xff)) return false;
  if (pattern.length === 8 || manners.ignoresFabrication) return true;
  if (pattern.length < 14 || pattern[8] !== 0x0c || pattern[9] !== 0x78) return false;
  return identity.fabricationNumber !== undefined &&
    digitsMatch(pattern.subarray(10, 14), identity.fabricationNumber);
}

function digitsMatch(pattern: Uint8Array, digits: string): boolean {
  const asked = pattern.slice().reverse().toHex();
  return [...asked].every((digit, i) => digit === "f" || digit === digits[i]?.toLowerCase());
}
