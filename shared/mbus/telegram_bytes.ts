/** The bytes that the records of a telegram are read from. */
export class TelegramBytes {
  private text = "";

  /**
   * Bytes that nobody overwrites as long as the records are used.
   *
   * @param wire the telegram.
   * @param ordered the same with the least significant byte of every data field first; the same object but in CI 76.
   */
  constructor(readonly wire: Uint8Array, readonly ordered: Uint8Array) {}

  /** Some of the bytes as hex. All are turned at once, when some are asked for the first time: pieces cost more. */
  hex(from: number, to: number): string {
    if (this.text === "") this.text = this.wire.toHex().toUpperCase();
    return this.text.substring(2 * from, 2 * to);
  }
}
