import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { DeviceError } from "@mbus-gateway/resource";
import { openTcpTransport } from "../../gateway/tcp_transport.ts";
import { openTransport, TransportClosed } from "../../gateway/transport.ts";
import { converter } from "./converter.ts";

Deno.test("openTransport() reads and writes over TCP", async () => {
  const { line, far } = await converter();
  await using stream = line;
  using peer = far;
  await stream.write(new Uint8Array([0x10, 0x40]));
  const received = new Uint8Array(8);
  assertEquals(await peer.read(received), 2);
  assertEquals(received.subarray(0, 2), new Uint8Array([0x10, 0x40]));
  await peer.write(new Uint8Array([0xe5]));
  assertEquals(await stream.read(5_000), new Uint8Array([0xe5]));
});

Deno.test("read() that times out loses no byte", async () => {
  const { line, far } = await converter();
  await using stream = line;
  using peer = far;
  assertEquals(await stream.read(5), null);
  assertEquals(await stream.read(0), null);
  await peer.write(new Uint8Array([1]));
  assertEquals(await stream.read(5_000), new Uint8Array([1]));
  await peer.write(new Uint8Array([2, 3]));
  assertEquals(await stream.read(5_000), new Uint8Array([2, 3]));
});

Deno.test("read() rejects with the signal's reason when it aborts, and the line goes on", async () => {
  const { line, far } = await converter();
  await using stream = line;
  using peer = far;
  const controller = new AbortController();
  const reading = assertRejects(() => stream.read(60_000, controller.signal), Error, "enough");
  controller.abort(new Error("enough"));
  await reading;
  await peer.write(new Uint8Array([4]));
  assertEquals(await stream.read(5_000), new Uint8Array([4]));
});

Deno.test("read() refuses a second reader", async () => {
  const { line, far } = await converter();
  await using stream = line;
  using peer = far;
  const first = stream.read(5_000);
  await assertRejects(() => stream.read(5_000), Error, "one reader at a time");
  await peer.write(new Uint8Array([9]));
  assertEquals(await first, new Uint8Array([9]));
});

Deno.test("read() gives what came before the other end closed, then throws TransportClosed", async () => {
  const { line, far } = await converter();
  await using stream = line;
  await far.write(new Uint8Array([0xe5]));
  far.close();
  assertEquals(await stream.read(5_000), new Uint8Array([0xe5]));
  const thrown = await assertRejects(() => stream.read(5_000), TransportClosed);
  assertStringIncludes(thrown.message, "the other end closed the connection");
  await assertRejects(() => stream.write(new Uint8Array([1])), TransportClosed);
});

Deno.test("releasing a line ends its pending read", async () => {
  const { line, far } = await converter();
  using _peer = far;
  const reading = assertRejects(() => line.read(60_000), TransportClosed, "it was closed");
  await line[Symbol.asyncDispose]();
  await reading;
  await assertRejects(() => line.write(new Uint8Array([1])), TransportClosed, "it was closed");
  await line[Symbol.asyncDispose](); // a second release is harmless
});

Deno.test("a babbling peer is made to wait and loses nothing", async () => {
  const { line, far } = await converter();
  await using stream = line;
  using peer = far;
  const total = 1_000_000;
  const sent = (async () => {
    const block = new Uint8Array(10_000).fill(0x55);
    for (let rest = total; rest > 0;) rest -= await peer.write(block.subarray(0, Math.min(rest, block.length)));
  })();
  let received = 0;
  let largest = 0;
  while (received < total) {
    const bytes = await stream.read(5_000);
    if (bytes === null) throw new Error(`Cannot go on: ${received} of ${total} bytes came`);
    largest = Math.max(largest, bytes.length);
    received += bytes.length;
  }
  await sent;
  assertEquals(received, total);
  assertEquals(largest <= 64 * 1024 + 4096, true);
});

Deno.test("a write to a peer that takes no bytes is given up, and the line with it", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  await using line = await openTcpTransport(listener.addr, { writeDeadlineMs: 100 });
  using _peer = await accepted; // which reads nothing
  await assertRejects(
    () => line.write(new Uint8Array(50_000_000)),
    TransportClosed,
    "Cannot write to tcp://127.0.0.1:",
  );
  await assertRejects(() => line.read(5_000), TransportClosed);
});

Deno.test("openTransport() says in a sentence that the connection was refused", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const thrown = await assertRejects(
    () => openTransport({ port: `tcp://127.0.0.1:${port}`, baudRate: 2400 }),
    DeviceError,
  );
  assertStringIncludes(thrown.message, `Cannot open tcp://127.0.0.1:${port}: `);
  assertStringIncludes(thrown.message, "check the converter's power");
});

Deno.test("openTcpTransport() gives up with the signal's reason", async () => {
  const controller = new AbortController();
  controller.abort(new Error("stopping"));
  const thrown = await assertRejects(() =>
    openTcpTransport({ hostname: "127.0.0.1", port: 9 }, { signal: controller.signal })
  );
  assertInstanceOf(thrown, Error);
  assertEquals(thrown.message, "stopping");
});
