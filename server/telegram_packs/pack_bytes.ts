/** Bytes on their way into a pack: integers take as many as they need. */
export class PackWriter {
  #bytes = new Uint8Array(16 * 1024);
  #length = 0;

  /** What was written. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A safe integer from 0 on, seven bits a byte, lowest first. */
  natural(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = rest % 0x80 | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A safe integer: its sign in the lowest bit of the first byte. */
  integer(value: number): void {
    const size = Math.abs(value);
    const first = size % 0x40 << 1 | (value < 0 ? 1 : 0);
    const rest = Math.floor(size / 0x40);
    this.#reserve(1);
    this.#bytes[this.#length++] = rest === 0 ? first : first | 0x80;
    if (rest > 0) this.natural(rest);
  }

  /** Bytes behind their number. */
  blob(value: Uint8Array): void {
    this.natural(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #reserve(more: number) {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + more));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** The bytes of a pack, read in the order in which a {@linkcode PackWriter} wrote them. */
export class PackReader {
  #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  natural(): number {
    let [value, place] = [0, 1];
    for (;; place *= 0x80) {
      const byte = this.#next();
      value += (byte & 0x7f) * place;
      if (byte < 0x80) return value;
    }
  }

  integer(): number {
    const first = this.#next();
    const size = (first >> 1 & 0x3f) + (first < 0x80 ? 0 : 0x40 * this.natural());
    return first & 1 ? -size : size;
  }

  blob(): Uint8Array {
    const length = this.natural();
    if (this.#at + length > this.#bytes.length) throw new PackError("Cannot read pack: it ends too early");
    return this.#bytes.slice(this.#at, this.#at += length);
  }

  #next(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new PackError("Cannot read pack: it ends too early");
    return byte;
  }
}

/** A pack whose body is not what was written. */
export class PackError extends Error {
  override name = "PackError";
}
