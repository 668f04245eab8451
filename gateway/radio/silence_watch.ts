/** Notices that nothing has been heard for too long, and says what to do about it, one step after the other. */
export class SilenceWatch {
  #since = 0;
  #passed = 0;

  constructor(private readonly limitMs: number) {}

  /** The receiver begins to listen. */
  begin(nowMs: number): void {
    this.#since = nowMs;
  }

  /** A telegram came. */
  heard(nowMs: number): void {
    this.#since = nowMs;
    this.#passed = 0;
  }

  /** What is due: null while the limit has not passed, first a reset, then a new line each time that it passes again. */
  due(nowMs: number): "reset" | "reopen" | null {
    if (nowMs - this.#since < this.limitMs) return null;
    this.#since = nowMs;
    this.#passed++;
    return this.#passed === 1 ? "reset" : "reopen";
  }
}
