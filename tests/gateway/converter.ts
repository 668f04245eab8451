import { type ByteStream, openTransport } from "../../gateway/transport.ts";

/** A line over TCP and its far end, where a level converter would be. */
export async function converter(): Promise<{ line: ByteStream; far: Deno.TcpConn }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  const line = await openTransport({ port: `tcp://127.0.0.1:${listener.addr.port}`, baudRate: 2400 });
  return { line, far: await accepted };
}
