import { firstLine, folderEntries, realPathOrNull } from "./libc_files.ts";

/** Where the system keeps what it knows of serial adapters. */
export interface AdapterFolders {
  /** udev's links, named after maker, product and serial number. */
  byId: string;
  /** The kernel's terminals; each leads to the USB device that it belongs to. */
  terminals: string;
  devices: string;
}

export const SYSTEM_FOLDERS: AdapterFolders = {
  byId: "/dev/serial/by-id",
  terminals: "/sys/class/tty",
  devices: "/dev",
};

/**
 * What names an adapter for as long as it lives, whatever the kernel calls its device: udev's name under
 * `/dev/serial/by-id`, or, where no udev runs (containers), its USB numbers with the serial number.
 *
 * @param device the real path of its device now.
 * @returns null for a port that has nothing of its own, such as one of the board's.
 */
export function adapterOf(device: string, folders: AdapterFolders = SYSTEM_FOLDERS): string | null {
  const name = folderEntries(folders.byId).find((name) => realPathOrNull(`${folders.byId}/${name}`) === device);
  if (name !== undefined) return `by-id:${name}`;
  const terminal = device.startsWith(`${folders.devices}/`) ? device.slice(folders.devices.length + 1) : "";
  return terminal === "" || terminal.includes("/") ? null : usbNumbers(terminal, folders);
}

/** The device that an adapter has now, or null while it is not plugged in. */
export function deviceOf(adapter: string, folders: AdapterFolders = SYSTEM_FOLDERS): string | null {
  if (adapter.startsWith("by-id:")) return realPathOrNull(`${folders.byId}/${adapter.slice("by-id:".length)}`);
  const terminal = folderEntries(folders.terminals).find((name) => usbNumbers(name, folders) === adapter);
  return terminal === undefined ? null : `${folders.devices}/${terminal}`;
}

/** `usb:vendor:product:serial`. Without a serial number two adapters of one make could not be told apart. */
function usbNumbers(terminal: string, { terminals }: AdapterFolders): string | null {
  let folder = realPathOrNull(`${terminals}/${terminal}/device`);
  // The terminal hangs on an interface, that on the device: a few floors up. The root has one character.
  while (folder !== null && folder.length > 1) {
    const vendor = firstLine(`${folder}/idVendor`);
    if (vendor !== null) {
      const [product, serial] = [firstLine(`${folder}/idProduct`), firstLine(`${folder}/serial`)];
      return product === null || serial === null ? null : `usb:${vendor}:${product}:${serial}`;
    }
    folder = folder.slice(0, Math.max(1, folder.lastIndexOf("/")));
  }
  return null;
}
