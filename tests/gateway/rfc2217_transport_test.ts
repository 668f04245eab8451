import { assertEquals, assertRejects } from "@std/assert";
import { DeviceError } from "@mbus-gateway/resource";
import { meterBus, MeterError } from "../../gateway/meter_bus.ts";
import { openRfc2217Transport } from "../../gateway/rfc2217_transport.ts";
import { openTransport } from "../../gateway/transport.ts";
import { tcpChannel } from "../simulator/byte_channel.ts";
import { type Rfc2217Channel, rfc2217Channel, type Rfc2217ChannelOptions } from "../simulator/rfc2217_channel.ts";
import { readLedger, simulateBus } from "../simulator/mod.ts";

/** A device server that listens, and what stands behind it. */
function deviceServer(behind: (channel: Rfc2217Channel) => Promise<void>, options: Rfc2217ChannelOptions = {}) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const connection = await listener.accept();
    try {
      await behind(rfc2217Channel(tcpChannel(connection), options));
    } finally {
      connection.close();
    }
  })();
  return {
    port: listener.addr.port,
    url: `rfc2217://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

/** Sends back what comes, until the line is gone. */
async function echo(channel: Rfc2217Channel) {
  for (let bytes = await channel.read(); bytes !== null; bytes = await channel.read()) await channel.write(bytes);
}

Deno.test("openTransport() sets the port of a device server to the line's speed and even parity", async () => {
  let channel: Rfc2217Channel | undefined;
  await using server = deviceServer((given) => echo(channel = given));
  await using line = await openTransport({ port: server.url, baudRate: 300 });
  assertEquals([channel?.baudRate?.(), channel?.parity()], [300, 3]);
  assertEquals(line.name, server.url);
  await line.setBaudRate?.(38_400);
  assertEquals(channel?.baudRate?.(), 38_400);
});

Deno.test("an RFC 2217 line carries every byte as it is", async () => {
  await using server = deviceServer(echo);
  await using line = await openTransport({ port: server.url, baudRate: 2400 });
  const all = Uint8Array.from({ length: 512 }, (_, index) => index < 256 ? index : 255);
  await line.write(all);
  const received: number[] = [];
  while (received.length < all.length) received.push(...await line.read(5_000) ?? []);
  assertEquals(Uint8Array.from(received), all);
  assertEquals(await line.read(5), null);
});

Deno.test("a change of speed loses no byte that came meanwhile", async () => {
  await using server = deviceServer(echo);
  await using line = await openTransport({ port: server.url, baudRate: 2400 });
  await line.write(new Uint8Array([1, 2, 3]));
  await line.setBaudRate?.(9600);
  assertEquals(await line.read(5_000), new Uint8Array([1, 2, 3]));
});

Deno.test("a master reads simulated meters and changes their speed behind a device server", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_rfc2217_" });
  try {
    const manners = (index: number) => ({ baudRate: index === 0 ? 9600 : 2400 });
    await using bus = simulateBus({ ledger: `${folder}/ledger.ndjson`, meters: 2, manners });
    await using server = deviceServer((channel) => bus.serve(channel));
    await using line = await openTransport({ port: server.url, baudRate: 2400 });
    const master = meterBus(line, { baudRate: 2400, timeoutMs: 5_000 });
    const frames = await master.readMeter("p2");
    assertEquals(readLedger(`${folder}/ledger.ndjson`).get(1)?.frames, frames.map((frame) => frame.toHex()));
    await master.setBaudRate("p2", 9600);
    // It went over to the speed of the other one, which could not be heard before.
    await assertRejects(() => master.readMeter("p2", undefined, { timeoutMs: 200, retries: 0 }), MeterError);
    await line.setBaudRate?.(9600);
    const quicker = meterBus(line, { baudRate: 9600, timeoutMs: 5_000 });
    for (const address of ["p1", "p2"]) await quicker.readMeter(address);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const REFUSALS: [string, Rfc2217ChannelOptions, number, string][] = [
  ["does not know the option", { refuses: true }, 2400, "it does not offer RFC 2217; use tcp://host:port"],
  ["says nothing", { mute: true }, 2400, 'no answer to "set the port" within 200 ms; does it speak RFC 2217?'],
  ["cannot do the speed", { highestBaudRate: 9600 }, 38_400, "it does not take 38400 baud (it answers 0 0 37 128)"],
];
for (const [what, options, baudRate, sentence] of REFUSALS) {
  Deno.test(`openRfc2217Transport() says so when the device server ${what}`, async () => {
    await using server = deviceServer(echo, options);
    const address = { hostname: "127.0.0.1", port: server.port };
    const agreeTimeoutMs = options.mute ? 200 : 5_000;
    await assertRejects(() => openRfc2217Transport(address, { baudRate, agreeTimeoutMs }), DeviceError, sentence);
  });
}
