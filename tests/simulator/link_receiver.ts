/** What a master can send that a meter reacts to (EN 13757-2, 5.1). */
export interface LinkRequest {
  control: number;
  address: number;
  /** A long or control frame's CI field and what follows it; null for a short frame. */
  ci: number | null;
  data: Uint8Array;
}

/** A line that was quiet for so long has ended whatever frame was under way (EN 13757-2: 33 bit times at 300 baud). */
const IDLE_MS = 200;

/**
 * A meter's ear: finds whole frames in what comes from the line. It was written from the standard and not from the
 * gateway's parser, so that a misunderstanding there is not heard as right here. Broken frames are passed over in
 * silence, as a meter does.
 */
export class LinkReceiver {
  #bytes: number[] = [];
  #lastAt = 0;

  /** @param at when the bytes came, in ms. */
  push(bytes: Uint8Array, at: number): LinkRequest[] {
    if (at - this.#lastAt > IDLE_MS) this.#bytes = [];
    this.#lastAt = at;
    this.#bytes.push(...bytes);
    const requests: LinkRequest[] = [];
    while (this.#bytes.length > 0) {
      const found = frameAtStart(this.#bytes);
      if (found === "incomplete") break;
      if (found === "none") {
        this.#bytes.shift();
        continue;
      }
      this.#bytes.splice(0, found.length);
      requests.push(found.request);
    }
    return requests;
  }
}

function frameAtStart(bytes: number[]): "incomplete" | "none" | { length: number; request: LinkRequest } {
  const [start, second, third, fourth] = bytes;
  if (start === 0x10) {
    if (bytes.length < 5) return "incomplete";
    const [, control = 0, address = 0, checksum, stop] = bytes;
    if (checksum !== ((control + address) & 0xff) || stop !== 0x16) return "none";
    return { length: 5, request: { control, address, ci: null, data: new Uint8Array() } };
  }
  if (start !== 0x68) return "none";
  if (bytes.length < 4) return "incomplete";
  if (second === undefined || second < 3 || second !== third || fourth !== 0x68) return "none";
  const length = second + 6;
  if (bytes.length < length) return "incomplete";
  const body = bytes.slice(4, 4 + second);
  const checksum = body.reduce((sum, byte) => (sum + byte) & 0xff, 0);
  if (bytes[length - 2] !== checksum || bytes[length - 1] !== 0x16) return "none";
  const [control = 0, address = 0, ci = 0] = body;
  return { length, request: { control, address, ci, data: Uint8Array.from(body.slice(3)) } };
}
