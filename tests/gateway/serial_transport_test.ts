import { assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { ConfigurationError, DeviceError } from "@mbus-gateway/resource";
import { loadLibc } from "../../gateway/libc.ts";
import { openSerialTransport } from "../../gateway/serial_transport.ts";
import { openTransport, TransportClosed } from "../../gateway/transport.ts";
import { ptyPair } from "../fixtures/pty.ts";

// Stays open for the whole process, as in the gateway.
await loadLibc();

Deno.test("openTransport() reads and writes a serial port", async () => {
  await using pty = ptyPair();
  await using line = await openTransport({ port: pty.path, baudRate: 2400 });
  assertEquals(line.name, pty.path);
  await line.write(new Uint8Array([0x10, 0x40, 0x05, 0x45, 0x16]));
  assertEquals(await pty.read(), new Uint8Array([0x10, 0x40, 0x05, 0x45, 0x16]));
  // Every byte value comes through as it is: no echo, no end of line, no signal character.
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  await pty.write(all);
  const received: number[] = [];
  while (received.length < 256) received.push(...await line.read(5_000) ?? []);
  assertEquals(new Uint8Array(received), all);
});

Deno.test("openTransport() follows a link to the device, as under /dev/serial/by-id", async () => {
  await using pty = ptyPair();
  const folder = await Deno.makeTempDir();
  try {
    await Deno.symlink(pty.path, `${folder}/usb-Example_Converter_0001`);
    await using line = await openTransport({ port: `${folder}/usb-Example_Converter_0001`, baudRate: 2400 });
    await line.write(new Uint8Array([0xe5]));
    assertEquals(await pty.read(), new Uint8Array([0xe5]));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a serial read that times out loses no byte", async () => {
  await using pty = ptyPair();
  await using line = await openTransport({ port: pty.path, baudRate: 2400 });
  assertEquals(await line.read(5), null);
  await pty.write(new Uint8Array([7]));
  assertEquals(await line.read(5_000), new Uint8Array([7]));
});

Deno.test("releasing a serial port ends its pending read", async () => {
  await using pty = ptyPair();
  const line = await openTransport({ port: pty.path, baudRate: 2400 });
  const reading = assertRejects(() => line.read(60_000), TransportClosed, "it was closed");
  await line[Symbol.asyncDispose]();
  await reading;
  await assertRejects(() => line.write(new Uint8Array([1])), TransportClosed, "it was closed");
  await line[Symbol.asyncDispose](); // a second release is harmless
});

Deno.test("setBaudRate() changes the speed of an open port", async () => {
  await using pty = ptyPair();
  await using line = await openSerialTransport(pty.path, { baudRate: 2400 });
  assertEquals(pty.baudRate(), 2400);
  await line.setBaudRate(9600);
  assertEquals(pty.baudRate(), 9600);
  await assertRejects(() => line.setBaudRate(1234), ConfigurationError, "Cannot use baud rate 1234");
  assertEquals(pty.baudRate(), 9600);
  await line.write(new Uint8Array([1]));
  assertEquals(await pty.read(), new Uint8Array([1]));
});

Deno.test("openTransport() forgets what came before it opened", async () => {
  await using pty = ptyPair();
  await pty.write(new Uint8Array([1, 2, 3]));
  await pty.arrived(3);
  await using line = await openTransport({ port: pty.path, baudRate: 2400 });
  await pty.write(new Uint8Array([4]));
  assertEquals(await line.read(5_000), new Uint8Array([4]));
});

Deno.test("a port that is pulled out ends the pending read in a sentence", async () => {
  await using pty = ptyPair();
  await using line = await openTransport({ port: pty.path, baudRate: 2400 });
  const reading = assertRejects(() => line.read(60_000), TransportClosed);
  await pty.hangUp();
  assertStringIncludes((await reading).message, `Cannot use ${pty.path}: `);
  assertStringIncludes((await reading).message, "was the adapter pulled out?");
});

Deno.test("a write after the port was pulled out throws TransportClosed", async () => {
  await using pty = ptyPair();
  await using line = await openTransport({ port: pty.path, baudRate: 2400 });
  await pty.hangUp();
  await assertRejects(() => line.write(new Uint8Array([1])), TransportClosed, pty.path);
  await assertRejects(() => line.read(5_000), TransportClosed, pty.path);
});

Deno.test("openSerialTransport() opens no other adapter that has got the name of the one that was there before", async () => {
  await using pty = ptyPair();
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const folders = { byId: folder, terminals: `${folder}/tty`, devices: "/dev" };
  try {
    await Deno.symlink(pty.path, `${folder}/usb-EXAMPLE_Converter_0002`);
    const again = (adapter?: string) => openSerialTransport(pty.path, { baudRate: 2400, folders, adapter });
    await assertRejects(
      () => again("by-id:usb-EXAMPLE_Converter_0001"),
      DeviceError,
      `Cannot open ${pty.path}: it is by-id:usb-EXAMPLE_Converter_0002 now and was by-id:usb-EXAMPLE_Converter_0001`,
    );
    for (const adapter of ["by-id:usb-EXAMPLE_Converter_0002", undefined]) {
      await using line = await again(adapter);
      assertEquals(line.adapter, "by-id:usb-EXAMPLE_Converter_0002");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a write to a port that takes no bytes is given up, and the port with it", async () => {
  await using pty = ptyPair(); // whose far end nobody reads
  await using line = await openSerialTransport(pty.path, { baudRate: 2400, writeDeadlineMs: 100 });
  await assertRejects(() => line.write(new Uint8Array(1_000_000)), TransportClosed, `Cannot write to ${pty.path}: `);
  await assertRejects(() => line.read(5_000), TransportClosed);
  // Nothing holds it any more, and the next opening finds it empty.
  await using again = await openSerialTransport(pty.path, { baudRate: 2400 });
  assertEquals(again.name, pty.path);
});

Deno.test("openTransport() refuses a port that another holds", async () => {
  await using pty = ptyPair();
  {
    await using _first = await openTransport({ port: pty.path, baudRate: 2400 });
    await assertRejects(
      () => openTransport({ port: pty.path, baudRate: 2400 }),
      DeviceError,
      `Cannot open ${pty.path}: another program holds it`,
    );
  }
  await using _again = await openTransport({ port: pty.path, baudRate: 2400 });
});

Deno.test("openTransport() says in a sentence that a device is missing", async () => {
  await assertRejects(
    () => openTransport({ port: "/dev/ttyUSB_none", baudRate: 2400 }),
    DeviceError,
    "Cannot open /dev/ttyUSB_none: there is no such device; is the adapter plugged in?",
  );
});

Deno.test("openTransport() opens nothing that is no serial device", async () => {
  const file = await Deno.makeTempFile();
  try {
    await assertRejects(() => openTransport({ port: file, baudRate: 2400 }), DeviceError, "expected a device");
    await assertRejects(() => openTransport({ port: "/dev/null", baudRate: 2400 }), DeviceError, "it is /dev/null");
    await assertRejects(() => openTransport({ port: "/dev/pts/../mem", baudRate: 2400 }), DeviceError);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test(
  "openTransport() refuses a baud rate that no converter knows, and holds nothing then",
  async () => {
    await using pty = ptyPair();
    await assertRejects(() => openTransport({ port: pty.path, baudRate: 2401 }), ConfigurationError, "2401");
    await using _line = await openTransport({ port: pty.path, baudRate: 2400 });
  },
);

Deno.test("a port can be opened and released 30 times, and nothing stays open", async () => {
  await using pty = ptyPair();
  const before = await openDescriptors();
  for (let round = 0; round < 30; round++) {
    await using line = await openTransport({ port: pty.path, baudRate: 2400 });
    await line.write(new Uint8Array([round]));
    assertEquals(await pty.read(), new Uint8Array([round]));
    await pty.write(new Uint8Array([round]));
    assertEquals(await line.read(5_000), new Uint8Array([round]));
  }
  // The runtime's own come and go by twos and threes; a port that leaks one leaks thirty.
  assertLess(await openDescriptors(), before + 30);
});

Deno.test("loadLibc() leaves no right to load libraries", async () => {
  assertEquals((await Deno.permissions.query({ name: "ffi" })).state === "granted", false);
});

/** How many files this process has open; another process looks, for the file API refuses /proc here. */
async function openDescriptors(): Promise<number> {
  const { stdout } = await new Deno.Command("ls", { args: [`/proc/${Deno.pid}/fd`] }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").length;
}

Deno.test("openTransport() without the right to load libc says so, and over TCP does not ask for it", async () => {
  const program = `
    const { openTransport } = await import(${JSON.stringify(import.meta.resolve("../../gateway/transport.ts"))});
    for (const port of ["tcp://127.0.0.1:1", "/dev/pts/0"]) {
      await openTransport({ port, baudRate: 2400 }).catch((thrown) => console.log(thrown.name));
    }`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "--ignore-env", "--allow-net=127.0.0.1:1", "--ext=ts", "-"],
    cwd: `${import.meta.dirname}/../..`,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(program));
  await input.close();
  const { stdout } = await child.output();
  assertEquals(new TextDecoder().decode(stdout), "DeviceError\nNotCapable\n");
});
