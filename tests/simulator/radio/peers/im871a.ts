import type { AirMode, OnAir, ReceiverPeer } from "../on_air.ts";

const HEARD_IN: Record<number, AirMode[]> = { 0x00: ["S"], 0x03: ["T"], 0x06: ["C"], 0x0a: ["C", "T"] };

/** An IMST iM871A: its host controller interface, written down from IMST's description. */
export class Im871aPeer implements ReceiverPeer {
  #linkMode: number | null = null;
  #attachesRssi = false;
  #deaf = false;
  #held: number[] = [];

  /** @param firmware 0x13 hears one mode at a time, 0x14 and later C and T at once. */
  constructor(private readonly firmware = 0x14) {}

  receive(bytes: Uint8Array): Uint8Array[] {
    this.#held.push(...bytes);
    const answers: Uint8Array[] = [];
    for (;;) {
      while (this.#held.length > 0 && this.#held[0] !== 0xa5) this.#held.shift();
      const [, control = 0, id = 0, size = 0] = this.#held;
      const length = 4 + size + ((control & 0x80) === 0 ? 0 : 2);
      if (this.#held.length < 4 || this.#held.length < length) return answers;
      const message = this.#held.splice(0, length);
      if ((control & 0x80) !== 0 && !checkFits(message)) continue;
      if ((control & 0x0f) !== 1) continue;
      const answer = this.#answer(id, message.slice(4, 4 + size));
      if (answer !== null) answers.push(hci(0x81, id + 1, answer));
    }
  }

  hears({ mode, plain, rssi }: OnAir): Uint8Array | null {
    const listens = this.#linkMode !== null && HEARD_IN[this.#linkMode]?.includes(mode) === true;
    if (!listens || this.#deaf) return null;
    const register = Math.round((rssi + 100) * 2 + 45);
    return hci(this.#attachesRssi ? 0xc2 : 0x82, 0x03, [...plain.subarray(1)], this.#attachesRssi ? [register] : []);
  }

  goDeaf() {
    this.#deaf = true;
  }

  powerUp() {
    this.#linkMode = null;
    this.#attachesRssi = false;
    this.#deaf = false;
    this.#held = [];
  }

  #answer(id: number, payload: number[]): number[] | null {
    switch (id) {
      case 0x01: // ping
        return [];
      case 0x03:
        this.#configure(payload);
        return [];
      case 0x05:
        return [0x03, 0x00, this.#linkMode ?? 0x03, 0x10, this.#attachesRssi ? 1 : 0];
      case 0x07:
        this.powerUp();
        return [];
      case 0x0f:
        return [0x33, 0x00, this.firmware, 0x17, 0x01, 0x02, 0x03, 0x04];
      default:
        return null;
    }
  }

  /** Storage flag, first group of flags, device mode and link mode, second group: power saving, RSSI, timestamp. */
  #configure([, first = 0, ...rest]: number[]) {
    if ((first & 1) !== 0) rest.shift();
    if ((first & 2) !== 0) this.#linkMode = rest.shift() ?? null;
    const second = rest.shift() ?? 0;
    if ((second & 0x08) !== 0) rest.shift();
    if ((second & 0x10) !== 0) this.#attachesRssi = rest.shift() === 1;
  }
}

function hci(control: number, id: number, payload: number[], attached: number[] = []): Uint8Array {
  const body = [control, id, payload.length, ...payload, ...attached];
  const check = crc(body);
  return Uint8Array.from([0xa5, ...body, check & 0xff, check >> 8]);
}

function checkFits(message: number[]): boolean {
  const [low = 0, high = 0] = message.slice(-2);
  return crc(message.slice(1, -2)) === (low | high << 8);
}

/** CRC-16/X-25, bit by bit from the most significant: the mirror image of how the gateway reckons it. */
function crc(bytes: number[]): number {
  let register = 0xffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const top = register >> 15 ^ byte >> bit & 1;
      register = (register << 1 ^ (top === 1 ? 0x1021 : 0)) & 0xffff;
    }
  }
  return mirrored(register) ^ 0xffff;
}

function mirrored(value: number): number {
  let result = 0;
  for (let bit = 0; bit < 16; bit++) result |= (value >> bit & 1) << 15 - bit;
  return result;
}
