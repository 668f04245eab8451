import { toHex } from "./hex.ts";

/** Some bytes of a telegram and what they mean. */
export interface Annotation {
  /** Where they begin, counted from 0. */
  offset: number;
  /** The bytes as hex, in wire order. */
  hex: string;
  /** What they are, in words. */
  meaning: string;
}

/** Writes annotations one behind the other, so that no byte is left out or shown twice. */
export class Pen {
  /** What has been written. */
  readonly annotations: Annotation[] = [];
  /** Where the next bytes begin. */
  at = 0;

  /** Begins at the first byte. */
  constructor(readonly frame: Uint8Array) {}

  /** The next bytes. */
  take(count: number, meaning: string): void {
    this.takeUntil(this.at + count, meaning);
  }

  /** The bytes until `end`; none where that has been passed. */
  takeUntil(end: number, meaning: string): void {
    const to = Math.min(end, this.frame.length);
    if (to <= this.at) return;
    this.annotations.push({ offset: this.at, hex: toHex(this.frame, this.at, to), meaning });
    this.at = to;
  }
}
