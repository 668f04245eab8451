import type { BookedAnswer } from "../ledger.ts";
import { answerCounter } from "./answer_counter.ts";
import type { Differences } from "./differences.ts";

/** Which readout brought which answer; an answer that two readouts bring was counted twice. */
export class Arrivals {
  readonly #names = new Map<number, string>();
  /** Answers whose counter cannot be seen from outside, by their bytes: wireless ones, which may be encrypted. */
  readonly #hidden = new Map<string, number>();

  constructor(private readonly answers: Map<number, BookedAnswer>, private readonly differences: Differences) {
    for (const { counter, frames: [first = ""] } of answers.values()) {
      if (answerCounter(first) === null) this.#hidden.set(first, counter);
    }
  }

  has(counter: number): boolean {
    return this.#names.has(counter);
  }

  /**
   * Notes that the readout `name` consists of `frames`.
   *
   * @returns the answer that these frames are, byte for byte; else null, and the difference is noted.
   */
  note(name: string, frames: readonly string[]): BookedAnswer | null {
    const [first = ""] = frames;
    const counter = answerCounter(first) ?? this.#hidden.get(first) ?? null;
    const answer = counter === null ? undefined : this.answers.get(counter);
    if (answer === undefined) {
      this.differences.add(`never answered: ${name} has counter ${counter}, which is not in the ledger`);
      return null;
    }
    const before = this.#names.get(answer.counter);
    if (before !== undefined && before !== name) {
      this.differences.add(`doubled: answer ${answer.counter} came in ${before} and in ${name}`);
    }
    this.#names.set(answer.counter, name);
    if (frames.join(" ") === answer.frames.join(" ")) return answer;
    this.differences.add(
      `other bytes: ${name} has ${frames.join(" ")}, answer ${answer.counter} was ${answer.frames.join(" ")}`,
    );
    return null;
  }
}
