import { Buffer } from "node:buffer";
import { assertEquals, assertRejects } from "@std/assert";
import { loadLibc } from "../../gateway/libc.ts";
import { serialBinding } from "../../gateway/serial_binding.ts";
import { ptyPair } from "../fixtures/pty.ts";

// Stays open for the whole process, as in the gateway.
await loadLibc();

Deno.test("TtyPort.flush() forgets what arrived and was not read", async () => {
  await using pty = ptyPair();
  const port = await serialBinding.open({ path: pty.path, baudRate: 2400 });
  await pty.write(new Uint8Array([1, 2, 3]));
  await pty.arrived(3);
  await port.flush();
  await pty.write(new Uint8Array([4]));
  const buffer = Buffer.alloc(8);
  assertEquals((await port.read(buffer, 2, 6)).bytesRead, 1);
  assertEquals([...buffer], [0, 0, 4, 0, 0, 0, 0, 0]);
  await port.close();
});

Deno.test("TtyPort.write() waits for a peer that does not read, and sends everything in order", async () => {
  await using pty = ptyPair();
  const port = await serialBinding.open({ path: pty.path, baudRate: 2400 });
  const sent = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, index) => index % 251));
  const writing = port.write(sent);
  const received: Uint8Array[] = [];
  for (let length = 0; length < sent.length; length += received.at(-1)?.length ?? 0) {
    received.push(await pty.read() ?? new Uint8Array(0));
  }
  await writing;
  await port.drain();
  assertEquals(Buffer.concat(received).equals(sent), true);
  await port.close();
});

Deno.test("TtyPort.close() cancels a read and a write that are waiting", async () => {
  await using pty = ptyPair();
  const port = await serialBinding.open({ path: pty.path, baudRate: 2400 });
  const reading = assertRejects(() => port.read(Buffer.alloc(8), 0, 8));
  const writing = assertRejects(() => port.write(Buffer.alloc(100_000)));
  await port.close();
  assertEquals([await reading, await writing].map((error) => Reflect.get(error as Error, "canceled")), [true, true]);
  assertEquals(port.isOpen, false);
  await assertRejects(() => port.flush());
});

Deno.test("TtyPort tells a hang-up as a disconnection", async () => {
  await using pty = ptyPair();
  const port = await serialBinding.open({ path: pty.path, baudRate: 2400 });
  const reading = assertRejects(() => port.read(Buffer.alloc(8), 0, 8));
  await pty.hangUp();
  assertEquals(Reflect.get(await reading as Error, "disconnect"), true);
  const writing = await assertRejects(() => port.write(Buffer.alloc(8)));
  assertEquals(Reflect.get(writing as Error, "disconnect"), true);
  await port.close();
});

Deno.test("TtyPort.update() changes the speed that getBaudRate() tells", async () => {
  await using pty = ptyPair();
  const port = await serialBinding.open({ path: pty.path, baudRate: 2400 });
  await port.update({ baudRate: 300 });
  assertEquals(await port.getBaudRate(), { baudRate: 300 });
  assertEquals(pty.baudRate(), 300);
  await port.close();
});

Deno.test("serialBinding refuses what it does not do instead of pretending", async () => {
  await using pty = ptyPair();
  const port = await serialBinding.open({ path: pty.path, baudRate: 2400 });
  await assertRejects(() => port.set({ dtr: true }), Error, "Cannot set modem lines");
  await assertRejects(() => port.get(), Error, "Cannot read modem lines");
  await assertRejects(() => serialBinding.list(), Error, "Cannot list ports");
  await port.close();
});
