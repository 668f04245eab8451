import type { AirMode, OnAir, ReceiverPeer } from "../on_air.ts";

const HEARD_IN: Record<number, AirMode[]> = { 0x03: ["S"], 0x08: ["T"], 0x0e: ["C"], 0x09: ["C", "T"] };
const MESSAGES_ON = 0x05;
const RSSI_ON = 0x45;

/** An AMBER AMB8465 as it leaves the factory: telegrams come bare, without message and strength, until it is set. */
export class Amb8465Peer implements ReceiverPeer {
  /** Keeps over a reset, and takes effect with it. */
  readonly #flash = new Map<number, number>();
  #effective = new Map<number, number>();
  #mode = 0x00;
  #deaf = false;
  #held: number[] = [];
  /** How often the flash memory was written: it wears. */
  written = 0;

  receive(bytes: Uint8Array): Uint8Array[] {
    this.#held.push(...bytes);
    const answers: Uint8Array[] = [];
    for (;;) {
      while (this.#held.length > 0 && this.#held[0] !== 0xff) this.#held.shift();
      const length = 4 + (this.#held[2] ?? 0);
      if (this.#held.length < 4 || this.#held.length < length) return answers;
      const message = this.#held.splice(0, length);
      if (message.reduce((sum, byte) => sum ^ byte, 0) !== 0) continue;
      const answer = this.#answer(message[1] as number, message.slice(3, -1));
      if (answer !== null) answers.push(packet((message[1] as number) | 0x80, answer));
    }
  }

  hears({ mode, plain, rssi }: OnAir): Uint8Array | null {
    if (HEARD_IN[this.#mode]?.includes(mode) !== true || this.#deaf) return null;
    const strength = this.#effective.get(RSSI_ON) === 1 ? [cc1101Register(rssi)] : [];
    if (this.#effective.get(MESSAGES_ON) !== 1) return Uint8Array.from([...plain, ...strength]);
    return packet(0x03, [...plain.subarray(1), ...strength]);
  }

  goDeaf() {
    this.#deaf = true;
  }

  powerUp() {
    this.#effective = new Map(this.#flash);
    this.#mode = 0x00;
    this.#deaf = false;
    this.#held = [];
  }

  #answer(command: number, payload: number[]): number[] | null {
    const [first = 0, , value = 0] = payload;
    switch (command) {
      case 0x04:
        this.#mode = first;
        return [0x00];
      case 0x05:
        this.powerUp();
        return [0x00];
      case 0x09:
        this.#flash.set(first, value);
        this.written++;
        return [0x00];
      case 0x0a:
        return [first, 1, this.#flash.get(first) ?? 0];
      case 0x0c:
        return [3, 1, 2];
      default:
        return null;
    }
  }
}

/** The register of the radio chip for a strength in dBm (Texas Instruments, CC1101). */
export function cc1101Register(dbm: number): number {
  return (dbm + 74) * 2 & 0xff;
}

function packet(command: number, payload: number[]): Uint8Array {
  const bytes = [0xff, command, payload.length, ...payload];
  return Uint8Array.from([...bytes, bytes.reduce((sum, byte) => sum ^ byte, 0)]);
}
