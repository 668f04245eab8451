import type { ByteChannel } from "./byte_channel.ts";

/** What a serial device server can be asked for, and what it makes of it. */
export interface Rfc2217ChannelOptions {
  /** Knows telnet and not this option of it. */
  refuses?: boolean;
  /** Says nothing at all to what it is asked. */
  mute?: boolean;
  /** The fastest that its port can do. */
  highestBaudRate?: number;
}

export interface Rfc2217Channel extends ByteChannel {
  /** Parity as it was set: 1 none, 2 odd, 3 even. */
  parity(): number | null;
}

/**
 * A serial device server (RFC 2217) before a line: telnet's escapes are taken off and put on, and what the master sets is
 * answered. Written from the RFC and not from the gateway's side, so that a misunderstanding there is not shared here.
 */
export function rfc2217Channel(line: ByteChannel, options: Rfc2217ChannelOptions = {}): Rfc2217Channel {
  const { refuses = false, mute = false, highestBaudRate = 115_200 } = options;
  const settings = new Map<number, number[]>();
  let rest: number[] = [];

  async function obey(command: number[]) {
    if (mute) return;
    const [, verb, option = 0] = command;
    // DO COM-PORT-OPTION answers WILL, or DONT where there is none; whatever else is offered is taken note of.
    if (verb === 0xfb && option === 0x2c) await line.write(Uint8Array.of(0xff, refuses ? 0xfe : 0xfd, 0x2c));
    if (verb === 0xfb && option === 0x00) await line.write(Uint8Array.of(0xff, 0xfd, 0x00, 0xff, 0xfb, 0x01));
    if (verb !== 0xfa || option !== 0x2c) return;
    const body = unescaped(command.slice(3, -2));
    const [what = 0, ...asked] = body;
    let value = asked;
    if (what === 1) {
      const baudRate = asked.reduce((sum, byte) => 256 * sum + byte, 0);
      if (baudRate > highestBaudRate) value = [0, 0, highestBaudRate >> 8 & 0xff, highestBaudRate & 0xff];
    }
    settings.set(what, value);
    await line.write(Uint8Array.from([0xff, 0xfa, 0x2c, ...escaped([what + 100, ...value]), 0xff, 0xf0]));
  }

  return {
    async read() {
      for (;;) {
        const bytes = await line.read();
        if (bytes === null) return null;
        rest.push(...bytes);
        const data: number[] = [];
        while (rest.length > 0) {
          const length = commandLength(rest);
          if (length === 0) data.push(rest.shift() ?? 0);
          else if (length > rest.length) break;
          else {
            const command = rest.slice(0, length);
            rest = rest.slice(length);
            if (command[1] === 0xff) data.push(0xff);
            else await obey(command);
          }
        }
        if (data.length > 0) return Uint8Array.from(data);
      }
    },
    write: (bytes) => line.write(Uint8Array.from(escaped([...bytes]))),
    baudRate: () => settings.get(1)?.reduce((sum, byte) => 256 * sum + byte, 0) ?? null,
    parity: () => settings.get(3)?.[0] ?? null,
    hangUp: () => line.hangUp?.(),
  };
}

/** 0 for data; how many bytes a command has, more than there are while it is not whole. */
function commandLength(bytes: number[]): number {
  if (bytes[0] !== 0xff) return 0;
  const verb = bytes[1];
  if (verb === undefined) return 2;
  if (verb >= 0xfb && verb <= 0xfe) return 3;
  if (verb !== 0xfa) return 2;
  for (let at = 2; at + 1 < bytes.length; at++) {
    if (bytes[at] !== 0xff) continue;
    if (bytes[at + 1] === 0xf0) return at + 2;
    at++;
  }
  return bytes.length + 1;
}

function escaped(bytes: number[]): number[] {
  return bytes.flatMap((byte) => byte === 0xff ? [0xff, 0xff] : [byte]);
}

function unescaped(bytes: number[]): number[] {
  return bytes.filter((byte, at) => byte !== 0xff || bytes[at - 1] !== 0xff);
}
