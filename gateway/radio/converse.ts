import { DeviceError } from "@mbus-gateway/resource";
import type { ByteStream } from "../byte_stream.ts";
import type { Timer } from "../clock.ts";
import type {
  Conversation,
  ReceiverAnswer,
  ReceiverCommand,
  ReceiverMessage,
  ReceiverReader,
} from "./receiver_protocol.ts";

/** The receiver says nothing to a command: another kind, another speed, or hung. */
export class ReceiverSilent extends DeviceError {
  override name = "ReceiverSilent";
}

export interface ConverseOptions {
  stream: ByteStream;
  reader: ReceiverReader;
  timer: Timer;
  signal: AbortSignal;
  /** How long a receiver may take to answer. */
  answerMs?: number;
  /** Called at each turn. */
  onTurn?: () => void;
  /** What comes meanwhile and is no answer. */
  onOther: (message: ReceiverMessage) => void;
}

const ANSWER_MS = 1_000;
/** A command that noise spoilt is given again. */
const TRIES = 3;

/**
 * Leads a conversation with a receiver to its end.
 *
 * @returns what the receiver turned out to be, in words.
 * @throws {ReceiverSilent}, {@linkcode ReceiverRefused}, {TransportClosed}, or the signal's reason.
 */
export async function converse(conversation: Conversation, options: ConverseOptions): Promise<string> {
  let step = conversation.next();
  while (!step.done) {
    const command = step.value;
    const answer = await ask(command, options);
    if (command.restMs !== undefined) await options.timer.sleep(command.restMs, options.signal);
    step = conversation.next(answer);
  }
  return step.value;
}

const NOTHING: ReceiverAnswer = { type: "answer", code: "", data: new Uint8Array(0) };

async function ask(command: ReceiverCommand, options: ConverseOptions): Promise<ReceiverAnswer> {
  const { stream, answerMs = ANSWER_MS } = options;
  if (command.isAnswer === null) {
    await stream.write(command.bytes);
    return NOTHING;
  }
  for (let tried = 0; tried < TRIES; tried++) {
    await stream.write(command.bytes);
    const answer = await answerWithin(answerMs, command.isAnswer, options);
    options.onTurn?.();
    if (answer !== null) return answer;
  }
  throw new ReceiverSilent(
    `Cannot ${command.what}: the receiver at ${stream.name} does not answer; ` +
      "check which receiver it is, its speed, and that no other program uses it",
  );
}

async function answerWithin(
  ms: number,
  isAnswer: (answer: ReceiverAnswer) => boolean,
  { stream, reader, timer, signal, onOther }: ConverseOptions,
): Promise<ReceiverAnswer | null> {
  const end = timer.elapsed() + ms;
  let found: ReceiverAnswer | null = null;
  while (found === null) {
    const left = end - timer.elapsed();
    if (left <= 0) return null;
    const bytes = await stream.read(Math.min(left, ms), signal);
    const messages = bytes === null ? reader.settle() : reader.push(bytes);
    for (const message of messages) {
      if (found === null && message.type === "answer" && isAnswer(message)) found = message;
      else onOther(message);
    }
    if (bytes === null) break;
  }
  return found;
}
