import type { AirMode, OnAir, ReceiverPeer } from "../on_air.ts";
import { cc1101Register } from "./amb8465.ts";

/** A CUL with culfw: commands and telegrams are lines of text. */
export class CulPeer implements ReceiverPeer {
  #mode: AirMode | null = null;
  #reports = false;
  #deaf = false;
  #held = "";

  receive(bytes: Uint8Array): Uint8Array[] {
    const lines = (this.#held + new TextDecoder().decode(bytes)).split(/[\r\n]+/);
    this.#held = lines.pop() ?? "";
    return lines.flatMap((line) => {
      const answer = this.#answer(line);
      return answer === null ? [] : [new TextEncoder().encode(`${answer}\r\n`)];
    });
  }

  hears({ mode, format, coded, rssi }: OnAir): Uint8Array | null {
    if (mode !== this.#mode || !this.#reports || this.#deaf) return null;
    const quality = 0x30;
    const digits = Uint8Array.from([...coded, quality, cc1101Register(rssi)]).toHex().toUpperCase();
    return new TextEncoder().encode(`b${format === "B" ? "Y" : ""}${digits}\r\n`);
  }

  goDeaf() {
    this.#deaf = true;
  }

  powerUp() {
    this.#mode = null;
    this.#reports = false;
    this.#deaf = false;
    this.#held = "";
  }

  #answer(line: string): string | null {
    const mode = { brc: "C", brt: "T", brs: "S" }[line] as AirMode | undefined;
    if (mode !== undefined) {
      this.#mode = mode;
      return `${mode}MODE`;
    }
    if (line === "X21") this.#reports = true;
    else if (line === "X00") this.powerUp();
    else if (line === "V") return "V 1.67 CSM868";
    else if (line !== "") return `? (${line} is unknown) Use one of B b C F G i M R T t U V W X Z`;
    return null;
  }
}
