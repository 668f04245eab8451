/** A repeater waits up to 25 s before it sends again; a meter's next telegram has another access number. */
export const REPEAT_WINDOW_MS = 60_000;

/** Knows telegrams again that repeaters send a second time. */
export class Repeats {
  /** When each was heard first, oldest first. */
  readonly #heard = new Map<string, number>();

  /** @param sameness what stays the same when a telegram is repeated. */
  isRepeat(sameness: string, nowMs: number): boolean {
    for (const [old, at] of this.#heard) {
      if (nowMs - at < REPEAT_WINDOW_MS) break;
      this.#heard.delete(old);
    }
    if (this.#heard.has(sameness)) return true;
    this.#heard.set(sameness, nowMs);
    return false;
  }
}
