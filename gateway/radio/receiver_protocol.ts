import { DeviceError } from "@mbus-gateway/resource";

/** Modes of EN 13757-4 that meters send in and a receiver can be told to listen for. */
export const RADIO_MODES = ["C", "T", "S"] as const;
export type RadioMode = typeof RADIO_MODES[number];

/** What the bytes of a receiver turn out to be. */
export type ReceiverMessage =
  | HeardFrame
  | ReceiverAnswer
  | { type: "spoilt"; /** Finishes "Cannot use what came from the receiver: …". */ problem: string };

/** A frame that the receiver heard. */
export interface HeardFrame {
  type: "telegram";
  /** From its L field, without CRCs; the L field counts what is there. */
  frame: Uint8Array;
  /** How strongly it came in, in dBm; null where the receiver does not say it in dBm. */
  rssi: number | null;
}

/** What the receiver says to a command. */
export interface ReceiverAnswer {
  type: "answer";
  /** What the answer is to, in the protocol's own code or, of a text protocol, the line. */
  code: string;
  data: Uint8Array;
}

/** Reads a receiver's bytes in whatever pieces they come. */
export interface ReceiverReader {
  push(bytes: Uint8Array): ReceiverMessage[];
  /** The line has been silent for a while: what is incomplete will not be completed. */
  settle(): ReceiverMessage[];
  /** Whether the beginning of a message waits for its end. */
  readonly waiting: boolean;
}

/** A command in a conversation with a receiver. */
export interface ReceiverCommand {
  /** What it does: finishes "Cannot …". */
  what: string;
  bytes: Uint8Array;
  /** Which answer belongs to it; null where the receiver says nothing to it. */
  isAnswer: ((answer: ReceiverAnswer) => boolean) | null;
  /** How long the receiver cannot be spoken to afterwards, in milliseconds. */
  restMs?: number;
}

/**
 * A conversation: yields commands, is given their answers, and returns what the receiver turned out to be, in words.
 * It throws {@linkcode ReceiverRefused} at an answer that says no.
 */
export type Conversation = Generator<ReceiverCommand, string, ReceiverAnswer>;

/** One kind of receiver: its framing and its commands, without any line. */
export interface ReceiverProtocol {
  /** Its usual speed; always 8 data bits, no parity, 1 stop bit. */
  readonly baudRate: number;
  /** Which modes it can listen for at once; a list of one set for a receiver that always hears the same. */
  readonly modes: readonly (readonly RadioMode[])[];
  reader(): ReceiverReader;
  /** Makes the receiver listen for `modes`; null for one that takes no commands. */
  start: ((modes: readonly RadioMode[]) => Conversation) | null;
  /** Restarts a receiver that has gone silent, before it is started anew. */
  reset: (() => Conversation) | null;
}

/** The receiver answered, and what it answered is no. */
export class ReceiverRefused extends DeviceError {
  override name = "ReceiverRefused";
}

/** What a receiver is told to listen for modes, each list of them in their usual order. */
export type ModeCodes = readonly (readonly [modes: readonly RadioMode[], code: number])[];

/** @throws {ReceiverRefused} when there is none for these modes at once. */
export function codeOfModes(codes: ModeCodes, modes: readonly RadioMode[]): number {
  const found = codes.find(([known]) => known.join() === modes.join());
  if (found === undefined) throw new ReceiverRefused(`Cannot listen for modes ${modes.join(", ")} at once`);
  return found[1];
}

/** A receiver's strength of a signal as whole dBm within what the wire allows. */
export function wholeDbm(dbm: number): number {
  return Math.max(-150, Math.min(0, Math.round(dbm)));
}

/** RSSI registers of Texas Instruments' CC1101, which several receivers pass on as they are. */
export function cc1101Dbm(register: number): number {
  return wholeDbm((register >= 128 ? register - 256 : register) / 2 - 74);
}
