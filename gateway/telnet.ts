/**
 * The little of telnet that RFC 2217 needs (RFC 854, 855): data with commands between them.
 *
 * @module
 */

const IAC = 255;
const SB = 250;
const SE = 240;
const NEGOTIATIONS = { 251: "will", 252: "wont", 253: "do", 254: "dont" } as const;
const CODES = { will: 251, wont: 252, do: 253, dont: 254 } as const;

/** What the other end says beside the data. */
export type TelnetCommand =
  | { type: "will" | "wont" | "do" | "dont"; option: number }
  | { type: "subnegotiation"; option: number; data: Uint8Array };

/** The longest subnegotiation that is kept: those of RFC 2217 have five bytes, and a signature some more. */
const MOST_SUBNEGOTIATION_BYTES = 1024;

/** Takes a stream apart into data and commands, in any pieces. */
export class TelnetReader {
  #state: "data" | "command" | "option" | "subnegotiation" | "subnegotiation_command" = "data";
  #negotiation: keyof typeof CODES = "will";
  #subnegotiation: number[] = [];

  /** @returns the data of these bytes; the commands among them go to `onCommand`, in order. */
  push(bytes: Uint8Array, onCommand: (command: TelnetCommand) => void): Uint8Array<ArrayBuffer> {
    const data: number[] = [];
    for (const byte of bytes) {
      switch (this.#state) {
        case "data":
          if (byte === IAC) this.#state = "command";
          else data.push(byte);
          break;
        case "command":
          this.#state = "data";
          if (byte === IAC) data.push(IAC);
          else if (byte === SB) this.#begin();
          else if (byte in NEGOTIATIONS) {
            this.#negotiation = NEGOTIATIONS[byte as keyof typeof NEGOTIATIONS];
            this.#state = "option";
          }
          break;
        case "option":
          onCommand({ type: this.#negotiation, option: byte });
          this.#state = "data";
          break;
        case "subnegotiation":
          if (byte === IAC) this.#state = "subnegotiation_command";
          else this.#keep(byte);
          break;
        case "subnegotiation_command":
          this.#state = "subnegotiation";
          if (byte === IAC) this.#keep(IAC);
          else if (byte === SE) this.#end(onCommand);
      }
    }
    return Uint8Array.from(data);
  }

  #begin() {
    this.#state = "subnegotiation";
    this.#subnegotiation = [];
  }

  #keep(byte: number) {
    if (this.#subnegotiation.length < MOST_SUBNEGOTIATION_BYTES) this.#subnegotiation.push(byte);
  }

  #end(onCommand: (command: TelnetCommand) => void) {
    const [option, ...data] = this.#subnegotiation;
    if (option !== undefined) onCommand({ type: "subnegotiation", option, data: Uint8Array.from(data) });
    this.#state = "data";
  }
}

/** Data as telnet carries it: a byte 255 twice. */
export function telnetData(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...bytes].flatMap((byte) => byte === IAC ? [IAC, IAC] : [byte]));
}

/** One command. */
export function telnetCommand(command: TelnetCommand): Uint8Array<ArrayBuffer> {
  if (command.type !== "subnegotiation") return Uint8Array.of(IAC, CODES[command.type], command.option);
  return Uint8Array.from([IAC, SB, command.option, ...telnetData(command.data), IAC, SE]);
}
