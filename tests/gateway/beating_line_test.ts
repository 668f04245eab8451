import { assertEquals } from "@std/assert";
import { beatingLine } from "../../gateway/beating_line.ts";
import { openTransport } from "../../gateway/transport.ts";

Deno.test("beatingLine() beats with each question, and with nothing else", async () => {
  using peer = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = peer.accept();
  let beats = 0;
  const open = beatingLine(openTransport, () => beats++);
  await using stream = await open({ port: `tcp://127.0.0.1:${(peer.addr as Deno.NetAddr).port}`, baudRate: 2400 });
  using meter = await accepted;
  assertEquals(await stream.read(10), null);
  assertEquals(beats, 0);
  await stream.write(Uint8Array.of(1, 2));
  await meter.read(new Uint8Array(2));
  assertEquals(beats, 1);
});
