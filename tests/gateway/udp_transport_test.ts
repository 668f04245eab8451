import { createSocket } from "node:dgram";
import { assertEquals, assertRejects } from "@std/assert";
import { DeviceError } from "@mbus-gateway/resource";
import { meterBus } from "../../gateway/meter_bus.ts";
import { openTransport, TransportClosed } from "../../gateway/transport.ts";
import { telegram } from "./scripted_segment.ts";

/** A converter that answers each datagram by others, until it is released. */
async function converter(answers: (request: string) => Uint8Array[]) {
  const socket = createSocket("udp4");
  const bound = Promise.withResolvers<void>();
  socket.on("message", (bytes: Uint8Array, from) => {
    for (const answer of answers(Uint8Array.from(bytes).toHex())) socket.send(answer, from.port, from.address);
  });
  socket.bind(0, "127.0.0.1", () => bound.resolve());
  await bound.promise;
  return {
    url: `udp://127.0.0.1:${socket.address().port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

Deno.test("a master reads a meter behind a converter of datagrams, its telegram in two of them", async () => {
  const whole = telegram();
  await using far = await converter((request) =>
    request === "1040054516" ? [Uint8Array.of(0xe5)] : [whole.subarray(0, 20), whole.subarray(20)]
  );
  await using line = await openTransport({ port: far.url, baudRate: 2400 });
  assertEquals(line.name, far.url);
  assertEquals(await meterBus(line, { timeoutMs: 5_000 }).readMeter("p5"), [whole]);
});

Deno.test("a UDP line hears nobody but its converter", async () => {
  await using stranger = await converter(() => []);
  await using far = await converter(() => [Uint8Array.of(1)]);
  await using line = await openTransport({ port: far.url, baudRate: 2400 });
  await line.write(Uint8Array.of(0x10));
  assertEquals(await line.read(5_000), Uint8Array.of(1));
  assertEquals(stranger.url === far.url, false);
});

Deno.test("releasing a UDP line ends its pending read", async () => {
  await using far = await converter(() => []);
  const line = await openTransport({ port: far.url, baudRate: 2400 });
  const reading = assertRejects(() => line.read(60_000), TransportClosed, "it was closed");
  await line[Symbol.asyncDispose]();
  await reading;
  await assertRejects(() => line.write(Uint8Array.of(1)), TransportClosed, "it was closed");
  await line[Symbol.asyncDispose](); // a second release is harmless
});

Deno.test("openTransport() says so when the name of a UDP converter leads nowhere", async () => {
  await assertRejects(
    () => openTransport({ port: "udp://no-such-converter.invalid:10001", baudRate: 2400 }),
    DeviceError,
    "Cannot open udp://no-such-converter.invalid:10001: ",
  );
});
