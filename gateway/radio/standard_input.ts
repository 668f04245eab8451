import { describeError } from "@mbus-gateway/resource";
import { ByteInbox } from "../byte_inbox.ts";
import { type ByteStream, TransportClosed } from "../byte_stream.ts";

/**
 * What another program writes into this one. It is read once: releasing it ends it for the process.
 *
 * @param source standard input when absent.
 */
export function standardInput(source: ReadableStream<Uint8Array> = Deno.stdin.readable): ByteStream {
  const inbox = new ByteInbox();
  const reader = source.getReader();
  const pump = receive(reader, inbox);
  return {
    name: "standard input",
    read: (timeoutMs, signal) => inbox.read(timeoutMs, signal),
    write: () => Promise.reject(new TransportClosed("Cannot write to standard input")),
    async [Symbol.asyncDispose]() {
      inbox.close(new TransportClosed("Cannot use standard input: it was closed"));
      await reader.cancel();
      await pump;
    },
  };
}

async function receive(reader: ReadableStreamDefaultReader<Uint8Array>, inbox: ByteInbox): Promise<void> {
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      inbox.push(chunk.value);
      await inbox.room();
    }
    inbox.close(new TransportClosed("Cannot read standard input: it ended"));
  } catch (cause) {
    inbox.close(new TransportClosed(`Cannot read standard input: ${describeError(cause)}`, { cause }));
  }
}
