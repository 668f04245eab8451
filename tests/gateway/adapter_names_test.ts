import { assertEquals } from "@std/assert";
import { adapterOf, deviceOf } from "../../gateway/adapter_names.ts";
import { loadLibc } from "../../gateway/libc.ts";

// Stays open for the whole process, as in the gateway.
await loadLibc();

/** A system's folders as they are with one board's port and two USB adapters, the second without a serial number. */
async function system() {
  const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "mbus_adapters_" }));
  const folders = { byId: `${root}/dev/serial/by-id`, terminals: `${root}/sys/class/tty`, devices: `${root}/dev` };
  const write = async (path: string, text: string) => {
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, text);
  };
  /** Plugs an adapter in at a socket of the hub, as the terminal of that name. */
  const plug = async (terminal: string, socket: string, [vendor, product, serial]: string[]) => {
    const usb = `${root}/sys/devices/pci0/usb1/${socket}`;
    await write(`${usb}/idVendor`, `${vendor}\n`);
    await write(`${usb}/idProduct`, `${product}\n`);
    if (serial !== undefined) await write(`${usb}/serial`, `${serial}\n`);
    await write(`${usb}/${socket}:1.0/${terminal}/uevent`, "");
    await Deno.mkdir(`${folders.terminals}/${terminal}`, { recursive: true });
    await Deno.symlink(`${usb}/${socket}:1.0/${terminal}`, `${folders.terminals}/${terminal}/device`);
    await write(`${folders.devices}/${terminal}`, "");
  };
  const unplug = async (terminal: string, socket: string) => {
    await Deno.remove(`${root}/sys/devices/pci0/usb1/${socket}`, { recursive: true });
    await Deno.remove(`${folders.terminals}/${terminal}`, { recursive: true });
    await Deno.remove(`${folders.devices}/${terminal}`);
  };
  await write(`${root}/sys/devices/serial0/uevent`, "");
  await Deno.mkdir(`${folders.terminals}/ttyS0`, { recursive: true });
  await Deno.symlink(`${root}/sys/devices/serial0`, `${folders.terminals}/ttyS0/device`);
  await plug("ttyUSB0", "1-1", ["0403", "6001", "A1B2C3"]);
  await plug("ttyUSB1", "1-2", ["1a86", "7523"]);
  return {
    folders,
    plug,
    unplug,
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

Deno.test("deviceOf() finds an adapter by its USB numbers under another name, where no udev runs", async () => {
  await using there = await system();
  const { folders } = there;
  const adapter = adapterOf(`${folders.devices}/ttyUSB0`, folders);
  assertEquals(adapter, "usb:0403:6001:A1B2C3");
  assertEquals(deviceOf(adapter ?? "", folders), `${folders.devices}/ttyUSB0`);
  await there.unplug("ttyUSB0", "1-1");
  assertEquals(deviceOf(adapter ?? "", folders), null);
  await there.plug("ttyUSB7", "1-4", ["0403", "6001", "A1B2C3"]);
  assertEquals(deviceOf(adapter ?? "", folders), `${folders.devices}/ttyUSB7`);
});

Deno.test("deviceOf() finds an adapter by udev's name, wherever that leads now", async () => {
  await using there = await system();
  const { folders } = there;
  const link = `${folders.byId}/usb-EXAMPLE_Level_Converter_A1B2C3-if00-port0`;
  await Deno.mkdir(folders.byId, { recursive: true });
  await Deno.symlink(`${folders.devices}/ttyUSB0`, link);
  const adapter = adapterOf(`${folders.devices}/ttyUSB0`, folders);
  assertEquals(adapter, "by-id:usb-EXAMPLE_Level_Converter_A1B2C3-if00-port0");
  await Deno.remove(link);
  assertEquals(deviceOf(adapter ?? "", folders), null);
  await Deno.symlink(`${folders.devices}/ttyUSB1`, link);
  assertEquals(deviceOf(adapter ?? "", folders), `${folders.devices}/ttyUSB1`);
});

Deno.test("adapterOf() knows nothing lasting of a board's own port, nor of an adapter without a serial number", async () => {
  await using there = await system();
  const { folders } = there;
  for (const device of ["ttyS0", "ttyUSB1", "ttyUSB9", "pts/3"]) {
    assertEquals(adapterOf(`${folders.devices}/${device}`, folders), null, device);
  }
  assertEquals(adapterOf("/dev/ttyS0", folders), null);
});
