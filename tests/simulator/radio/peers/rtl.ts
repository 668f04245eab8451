import type { OnAir, ReceiverPeer } from "../on_air.ts";

/** A program that takes no commands and writes a line for each telegram. */
abstract class Program implements ReceiverPeer {
  #deaf = false;

  protected abstract line(telegram: OnAir): string;

  receive(): Uint8Array[] {
    return [];
  }

  hears(telegram: OnAir): Uint8Array | null {
    return this.#deaf ? null : new TextEncoder().encode(`${this.line(telegram)}\n`);
  }

  goDeaf() {
    this.#deaf = true;
  }

  powerUp() {
    this.#deaf = false;
  }
}

/** rtl_wmbus: the frame without CRCs; the L field of format B still counts them. */
export class RtlWmbusPeer extends Program {
  protected line({ mode, format, plain, coded }: OnAir): string {
    const frame = plain.slice();
    if (format === "B") frame[0] = coded[0] as number;
    return `${mode}1;1;1;2026-01-31 12:00:00.000;112;118;${identification(plain)};0x${frame.toHex()}`;
  }
}

/** rtl_433: of format A the last CRC comes along, and the L field is lowered by two. */
export class Rtl433Peer extends Program {
  protected line({ mode, format, plain, coded }: OnAir): string {
    const data = format === "B" ? plain : Uint8Array.from([...plain, ...coded.subarray(-2)]);
    const shown = data.slice();
    if (format === "A") shown[0] = (plain[0] as number) - 2;
    const told = {
      time: "2026-01-31 12:00:00",
      model: "Wireless-MBus",
      mode,
      M: "SIM",
      id: Number(identification(plain)),
    };
    return JSON.stringify({ ...told, C: "0x44", data_length: plain.length - 10, data: shown.toHex(), mic: "CRC" });
  }
}

function identification(plain: Uint8Array): string {
  return plain.slice(4, 8).reverse().toHex();
}
