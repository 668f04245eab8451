import type { Ledger } from "./ledger.ts";
import type { LinkRequest } from "./link_receiver.ts";
import type { SimulatedMeter } from "./meter.ts";
import { encodeAnswer, manufacturerCode } from "./telegram.ts";

/** Where a meter stands in its conversation with a master (EN 13757-2, 5.5: frame count bit). */
interface Conversation {
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
}

const ACKNOWLEDGE = Uint8Array.of(0xe5);
const SELECTED = 253;
const TEST = 254;
const BROADCAST = 255;

/**
 * The meters of one segment at the link layer: who answers what. It keeps no time and no line; two that answer at once
 * are two replies.
 */
export class Segment {
  readonly #stations: Station[];
  #counter: number;

  constructor(meters: readonly SimulatedMeter[], private readonly options: { ledger: Ledger; now: () => number }) {
    this.#stations = meters.map((meter) => new Station(meter));
    this.#counter = options.ledger.lastCounter;
  }

  /** What the meters say to a request; silence is an empty list. */
  handle(request: LinkRequest): Reply[] {
    const { control, address } = request;
    if (request.ci === 0x52 && address === SELECTED) return this.#select(request.data);
    if (address === BROADCAST) return this.#broadcast(control);
    const asked = this.#stations.filter((station) => station.hears(address));
    const replies: Reply[] = [];
    for (const station of asked) {
      const reply = this.#reply(station, station.conversation(address), control);
      if (reply !== null) replies.push(reply);
      // EN 13757-3, 11.5: SND_NKE to 253 ends the selection.
      if (control === 0x40 && address === SELECTED) station.selected = null;
    }
    return replies;
  }

  /** Taken by all, answered by none. */
  #broadcast(control: number): Reply[] {
    if (control === 0x40) { for (const station of this.#stations) reset(station.conversation(BROADCAST)); }
    return [];
  }

  #select(pattern: Uint8Array): Reply[] {
    for (const station of this.#stations) station.select(pattern);
    return this.#stations.filter((station) => station.selected !== null).map(() => ({ bytes: ACKNOWLEDGE }));
  }

  #reply(station: Station, conversation: Conversation, control: number): Reply | null {
    const frameCountBit = (control & 0x20) !== 0;
    const frameCountValid = (control & 0x10) !== 0;
    // A request is C = 01fv ffff, the direction bit 0x40 from the primary station.
    switch (control & 0x4f) {
      case 0x40: // SND_NKE
        reset(conversation);
        return { bytes: ACKNOWLEDGE };
      case 0x4b: // REQ_UD2
        return this.#data(station, conversation, frameCountValid ? frameCountBit : null);
      case 0x4a: // REQ_UD1: no alarm
      case 0x43: // SND_UD: taken, and changes nothing that is simulated
        return { bytes: ACKNOWLEDGE };
      default:
        return null;
    }
  }

  #data(station: Station, conversation: Conversation, frameCountBit: boolean | null): Reply {
    const { answer } = conversation;
    const repeats = answer !== null && frameCountBit !== null && frameCountBit === conversation.frameCountBit;
    const more = answer !== null && frameCountBit !== null && conversation.telegram + 1 < answer.frames.length;
    if (!repeats && more) conversation.telegram += 1;
    if (!repeats && !more) {
      conversation.answer = this.#newAnswer(station.meter);
      conversation.telegram = 0;
    }
    conversation.frameCountBit = frameCountBit;
    const current = conversation.answer;
    const bytes = current?.frames[conversation.telegram];
    if (!current || !bytes) throw new Error("Cannot answer: the meter has no such telegram");
    return { bytes, telegram: { counter: current.counter, index: conversation.telegram } };
  }

  #newAnswer(meter: SimulatedMeter): { counter: number; frames: Uint8Array[] } {
    const now = this.options.now();
    const counter = ++this.#counter;
    const answer = meter.answer(now, counter);
    const frames = encodeAnswer(meter.identity, answer);
    this.options.ledger.append({
      type: "answer",
      counter,
      time: new Date(now).toISOString(),
      meter: meter.identity,
      registers: answer.registers,
      dates: answer.dates,
      frames: frames.map((frame) => frame.toHex()),
    });
    return { counter, frames };
  }
}

function reset(conversation: Conversation) {
  conversation.frameCountBit = null;
  conversation.answer = null;
}

/** A meter at the line; primary and secondary addressing count frames apart. */
class Station {
  readonly #primary: Conversation = { frameCountBit: null, answer: null, telegram: 0 };
  /** The conversation with a master that selected this meter; null while it is not selected. */
  selected: Conversation | null = null;

  constructor(readonly meter: SimulatedMeter) {}

  hears(address: number): boolean {
    if (address === SELECTED) return this.selected !== null;
    return address === this.meter.identity.primaryAddress || address === TEST;
  }

  conversation(address: number): Conversation {
    return address === SELECTED && this.selected !== null ? this.selected : this.#primary;
  }

  select(pattern: Uint8Array) {
    this.selected = matches(this.meter, pattern) ? { frameCountBit: null, answer: null, telegram: 0 } : null;
  }
}

/** EN 13757-3, 11.3: eight bytes; digit F of the identification and byte FF of the rest stand for any. */
function matches({ identity }: SimulatedMeter, pattern: Uint8Array): boolean {
  if (pattern.length < 8) return false;
  const identification = pattern.slice(0, 4).reverse().toHex();
  const digitsMatch = [...identification].every((digit, i) => digit === "f" || digit === identity.identification[i]);
  const rest = [...manufacturerCode(identity.manufacturer), identity.version, identity.deviceTypeCode];
  return digitsMatch && rest.every((byte, i) => pattern[4 + i] === 0xff || pattern[4 + i] === byte);
}
