import { DeviceError } from "@mbus-gateway/resource";
import type { ByteStream } from "./byte_stream.ts";
import { type NetworkAddress, networkPortText } from "./network_port.ts";
import { openTcpTransport, type TcpTransportOptions } from "./tcp_transport.ts";
import { type TelnetCommand, telnetCommand, telnetData, TelnetReader } from "./telnet.ts";

/** Telnet's options. */
const BINARY = 0;
const SUPPRESS_GO_AHEAD = 3;
const COM_PORT = 44;

/** Commands of the COM-PORT-OPTION (RFC 2217); the answer to each has the number and 100. */
const SET_BAUD_RATE = 1;
const SET_DATA_SIZE = 2;
const SET_PARITY = 3;
const SET_STOP_SIZE = 4;
const SET_CONTROL = 5;
const PURGE_DATA = 12;
const ANSWER = 100;

const EIGHT_BITS = 8;
const EVEN = 3;
const ONE_STOP_BIT = 1;
const NO_FLOW_CONTROL = 1;
const BOTH_DIRECTIONS = 3;

export interface Rfc2217Options extends TcpTransportOptions {
  /** Bits a second, set at the converter. */
  baudRate: number;
  /** How long the converter may take to agree, in milliseconds. Default 5,000. */
  agreeTimeoutMs?: number;
}

/**
 * A line through a level converter that lets its serial port be set over the network (RFC 2217, telnet): ser2net, and
 * most serial device servers. It is set to 8 data bits, even parity, 1 stop bit.
 *
 * @throws {DeviceError} when there is no connection in time, or the converter does not agree to the settings.
 * @throws the signal's reason when it aborts.
 */
export async function openRfc2217Transport(address: NetworkAddress, options: Rfc2217Options): Promise<ByteStream> {
  const name = networkPortText({ scheme: "rfc2217", ...address });
  const tcp = await openTcpTransport(address, { ...options, name });
  try {
    const port = new ComPort(tcp, options);
    await port.open();
    return port;
  } catch (thrown) {
    await tcp[Symbol.asyncDispose]();
    throw thrown;
  }
}

class ComPort implements ByteStream {
  readonly #telnet = new TelnetReader();
  /** Data that came while an answer of the converter was waited for. */
  #data = new Uint8Array(0);
  #heard: TelnetCommand[] = [];

  constructor(private readonly tcp: ByteStream, private readonly options: Rfc2217Options) {}

  get name(): string {
    return this.tcp.name;
  }

  async open() {
    for (const option of [BINARY, SUPPRESS_GO_AHEAD]) {
      await this.#say({ type: "will", option });
      await this.#say({ type: "do", option });
    }
    await this.#say({ type: "will", option: COM_PORT });
    await this.#answer("set the port", (command) => {
      if (!("option" in command) || command.option !== COM_PORT) return false;
      if (command.type === "dont") throw this.#refusal("it does not offer RFC 2217; use tcp://host:port");
      return command.type === "do";
    });
    await this.#set(SET_DATA_SIZE, [EIGHT_BITS], "8 data bits");
    await this.#set(SET_PARITY, [EVEN], "even parity");
    await this.#set(SET_STOP_SIZE, [ONE_STOP_BIT], "1 stop bit");
    await this.#set(SET_CONTROL, [NO_FLOW_CONTROL], "no flow control");
    await this.setBaudRate(this.options.baudRate);
    await this.#say(comPort(PURGE_DATA, [BOTH_DIRECTIONS]));
    this.#data = new Uint8Array(0);
  }

  async read(timeoutMs: number, signal?: AbortSignal): Promise<Uint8Array | null> {
    // Commands of the converter are no bytes of the line: the wait goes on behind them.
    const until = performance.now() + timeoutMs;
    for (let left = timeoutMs; this.#data.length === 0; left = until - performance.now()) {
      const bytes = left < 0 ? null : await this.tcp.read(left, signal);
      if (bytes === null) return null;
      await this.#take(bytes);
    }
    const data = this.#data;
    this.#data = new Uint8Array(0);
    return data;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.tcp.write(telnetData(bytes));
  }

  /** What was written must have been sent: a converter changes its speed at once. After an answer it has been. */
  async setBaudRate(baudRate: number) {
    const value = new Uint8Array(4);
    new DataView(value.buffer).setUint32(0, baudRate);
    await this.#set(SET_BAUD_RATE, [...value], `${baudRate} baud`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.tcp[Symbol.asyncDispose]());
  }

  async #set(command: number, value: number[], what: string) {
    await this.#say(comPort(command, value));
    await this.#answer(`set ${what}`, (heard) => {
      if (heard.type !== "subnegotiation" || heard.option !== COM_PORT || heard.data[0] !== command + ANSWER) {
        return false;
      }
      const set = [...heard.data.subarray(1)];
      if (set.join() === value.join()) return true;
      throw this.#refusal(`it does not take ${what} (it answers ${set.join(" ")}); check what its serial port can do`);
    });
  }

  async #answer(what: string, isIt: (command: TelnetCommand) => boolean) {
    const { agreeTimeoutMs = 5_000, signal } = this.options;
    const until = performance.now() + agreeTimeoutMs;
    for (let left = agreeTimeoutMs;; left = until - performance.now()) {
      for (let heard = this.#heard.shift(); heard !== undefined; heard = this.#heard.shift()) if (isIt(heard)) return;
      const bytes = left < 0 ? null : await this.tcp.read(left, signal);
      if (bytes !== null) await this.#take(bytes);
      else throw this.#refusal(`no answer to "${what}" within ${agreeTimeoutMs} ms; does it speak RFC 2217?`);
    }
  }

  #refusal(why: string): DeviceError {
    return new DeviceError(`Cannot use ${this.name}: ${why}`);
  }

  async #take(bytes: Uint8Array) {
    const commands: TelnetCommand[] = [];
    const data = this.#telnet.push(bytes, (command) => commands.push(command));
    this.#data = Uint8Array.from([...this.#data, ...data]);
    for (const command of commands) {
      const reply = replyTo(command);
      if (reply !== null) await this.#say(reply);
      if (command.type === "subnegotiation" || command.option === COM_PORT) this.#heard.push(command);
    }
  }

  async #say(command: TelnetCommand) {
    await this.tcp.write(telnetCommand(command));
  }
}

function comPort(command: number, value: number[]): TelnetCommand {
  return { type: "subnegotiation", option: COM_PORT, data: Uint8Array.of(command, ...value) };
}

/** Options that were not asked for are refused; those that were are settled already (RFC 855: no loops). */
function replyTo(command: TelnetCommand): TelnetCommand | null {
  if (command.type === "subnegotiation") return null;
  const { type, option } = command;
  if ([BINARY, SUPPRESS_GO_AHEAD, COM_PORT].includes(option)) return null;
  if (type === "will") return { type: "dont", option };
  return type === "do" ? { type: "wont", option } : null;
}
