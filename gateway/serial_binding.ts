import type { Buffer } from "node:buffer";
import type {
  BindingInterface,
  BindingPortInterface,
  OpenOptions,
  PortInfo,
  PortStatus,
  SetOptions,
  UpdateOptions,
} from "@serialport/bindings-interface";
import { errno, libc } from "./libc.ts";
import { IOCTL, type LineSettings } from "./termios.ts";
import { closeTty, EAGAIN, EINTR, flushTty, openTty, setTtyBaudRate } from "./tty.ts";

const POLLIN = 0x01;
const POLLOUT = 0x04;
const GONE = 0x08 | 0x10 | 0x20; // POLLERR, POLLHUP, POLLNVAL

/** What `@serialport/stream` wants of an operation that a close interrupted. */
class Canceled extends Error {
  readonly canceled = true;
}

/** What it takes for an adapter that was pulled out. */
class Disconnected extends Error {
  readonly disconnect = true;
}

/** Options of a port: those of `npm:serialport` that an M-Bus line needs, checked. */
export interface SerialOpenOptions extends OpenOptions {
  dataBits?: 7 | 8;
  parity?: LineSettings["parity"];
  stopBits?: 1 | 2;
}

/**
 * A serial port for `@serialport/stream`: the interface of `npm:serialport`'s own binding, which cannot be loaded here,
 * over libc. A pending operation waits in `poll` on a thread of its own, for the port or for the wake pipe, so an idle
 * port costs nothing and a close is prompt.
 */
export class TtyPort implements BindingPortInterface {
  readonly openOptions: Required<OpenOptions>;
  #fd: number | null;
  readonly #wakeRead: number;
  readonly #wakeWrite: number;
  readonly #waiting = new Set<Promise<number>>();

  constructor(options: Required<SerialOpenOptions>) {
    this.openOptions = options;
    this.#fd = openTty(options.path, options);
    const pipe = new Int32Array(2);
    if (libc().pipe(new Uint8Array(pipe.buffer)) < 0) {
      closeTty(this.#fd);
      throw new Error(`Cannot open ${options.path}: no pipe to be had (error ${errno()})`);
    }
    [this.#wakeRead, this.#wakeWrite] = pipe as unknown as [number, number];
  }

  get isOpen(): boolean {
    return this.#fd !== null;
  }

  async read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }> {
    const into = new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset + offset, length);
    while (true) {
      const events = await this.#poll(POLLIN);
      const bytesRead = Number(libc().read(this.#open(), into, BigInt(length)));
      if (bytesRead > 0) return { buffer, bytesRead };
      // A port that hung up reads 0 for ever.
      if (bytesRead === 0) throw new Disconnected("the device hung up");
      const code = errno();
      if (code !== EAGAIN && code !== EINTR) throw new Disconnected(`the device is gone (error ${code})`);
      if (events & GONE) throw new Disconnected("the device hung up");
    }
  }

  async write(buffer: Buffer): Promise<void> {
    const bytes = new Uint8Array(buffer);
    for (let written = 0; written < bytes.length;) {
      const rest = bytes.subarray(written);
      const count = Number(libc().write(this.#open(), rest, BigInt(rest.length)));
      if (count > 0) {
        written += count;
        continue;
      }
      const code = errno();
      if (code !== EAGAIN && code !== EINTR) throw new Disconnected(`the device is gone (error ${code})`);
      if ((await this.#poll(POLLOUT)) & GONE) throw new Disconnected("the device hung up");
    }
  }

  /** Interrupts what is pending and closes. No descriptor is closed while a call may still use it. */
  async close(): Promise<void> {
    const fd = this.#open();
    this.#fd = null;
    libc().write(this.#wakeWrite, new Uint8Array([1]), 1n);
    await Promise.allSettled([...this.#waiting]);
    closeTty(fd);
    libc().close(this.#wakeRead);
    libc().close(this.#wakeWrite);
  }

  // deno-lint-ignore require-await -- the interface wants a rejection, not a throw
  async update({ baudRate }: UpdateOptions): Promise<void> {
    setTtyBaudRate(this.#open(), this.openOptions.path, baudRate);
    this.openOptions.baudRate = baudRate;
  }

  // deno-lint-ignore require-await -- the interface wants a rejection, not a throw
  async flush(): Promise<void> {
    flushTty(this.#open());
  }

  async drain(): Promise<void> {
    const failed = await this.#wait(libc().ioctlWaiting(this.#open(), IOCTL.drain, 1n)) < 0;
    if (failed && this.#fd !== null) throw new Disconnected("the device did not send what it was given");
  }

  getBaudRate(): Promise<{ baudRate: number }> {
    return Promise.resolve({ baudRate: this.openOptions.baudRate });
  }

  set(_options: SetOptions): Promise<void> {
    return Promise.reject(new Error("Cannot set modem lines: converters draw power from them, the driver raises them"));
  }

  get(): Promise<PortStatus> {
    return Promise.reject(new Error("Cannot read modem lines: an M-Bus converter does not use them"));
  }

  #open(): number {
    if (this.#fd === null) throw new Canceled("the port is closed");
    return this.#fd;
  }

  /** The events that `poll` reports for the port. */
  async #poll(events: number): Promise<number> {
    // Two struct pollfd: descriptor (32 bits), events and reported events (16 bits each).
    const polled = new Uint8Array(16);
    const view = new DataView(polled.buffer);
    view.setInt32(0, this.#open(), true);
    view.setInt16(4, events, true);
    view.setInt32(8, this.#wakeRead, true);
    view.setInt16(12, POLLIN, true);
    // A signal interrupts poll; nothing is reported then.
    while (await this.#wait(libc().poll(polled, 2n, -1)) < 0) this.#open();
    this.#open();
    return view.getInt16(6, true);
  }

  async #wait(call: Promise<number>): Promise<number> {
    this.#waiting.add(call);
    try {
      return await call;
    } finally {
      this.#waiting.delete(call);
    }
  }
}

/** The binding that {@linkcode TtyPort} is opened by. {@linkcode loadLibc} must have been called. */
export const serialBinding: BindingInterface<TtyPort, SerialOpenOptions> = {
  // deno-lint-ignore require-await -- the interface wants a rejection, not a throw
  async open(options) {
    return new TtyPort({
      dataBits: 8,
      parity: "even",
      stopBits: 1,
      lock: true,
      rtscts: false,
      xon: false,
      xoff: false,
      xany: false,
      hupcl: false,
      ...options,
    });
  },
  list(): Promise<PortInfo[]> {
    return Promise.reject(new Error("Cannot list ports: see `ls /dev/serial/by-id`"));
  },
};
