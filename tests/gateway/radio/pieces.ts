import type { ReceiverMessage, ReceiverReader } from "../../../gateway/radio/receiver_protocol.ts";

/** What a reader makes of bytes that come in two pieces, for every place where they can be cut. */
export function cutEverywhere(reader: () => ReceiverReader, bytes: Uint8Array): ReceiverMessage[][] {
  return Array.from({ length: bytes.length + 1 }, (_, at) => {
    const cut = reader();
    return [...cut.push(bytes.slice(0, at)), ...cut.push(bytes.slice(at))];
  });
}

/** The frames among messages, in hexadecimal. */
export function framesOf(messages: readonly ReceiverMessage[]): string[] {
  return messages.flatMap((message) => message.type === "telegram" ? [message.frame.toHex().toUpperCase()] : []);
}

export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
