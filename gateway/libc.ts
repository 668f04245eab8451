import { ConfigurationError, describeError, DeviceError } from "@mbus-gateway/resource";

/** Where libc lies, by distribution: the only paths that the right to load libraries must name. */
export const LIBC_PATHS: readonly string[] = Deno.build.arch === "aarch64"
  ? ["/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6"]
  : ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6"];

const SYMBOLS = {
  realpath: { parameters: ["buffer", "buffer"], result: "pointer" },
  opendir: { parameters: ["buffer"], result: "pointer" },
  readdir: { parameters: ["pointer"], result: "pointer" },
  closedir: { parameters: ["pointer"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  pipe: { parameters: ["buffer"], result: "i32" },
  flock: { parameters: ["i32", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "u64"], result: "i32" },
  ioctlBuffer: { name: "ioctl", parameters: ["i32", "u64", "buffer"], result: "i32" },
  // Both wait: they run on a thread of their own.
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true },
  ioctlWaiting: { name: "ioctl", parameters: ["i32", "u64", "u64"], result: "i32", nonblocking: true },
  __errno_location: { parameters: [], result: "pointer" },
  memcpy: { parameters: ["buffer", "pointer", "usize"], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The calls of libc that the serial binding makes. Not for others: {@linkcode openTty} bounds what they can do. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let loaded: Libc | null = null;

/**
 * Loads libc for the serial binding, once a process, and gives up the right to load libraries for good. What has been
 * loaded keeps working. A test calls it at module level: the library stays open, which a test's own check of its
 * resources would object to.
 *
 * @throws {Deno.errors.NotCapable} when the permission set does not name libc.
 * @throws {DeviceError} when there is no libc at {@linkcode LIBC_PATHS}.
 * @throws {ConfigurationError} on a system other than Linux.
 */
export async function loadLibc(): Promise<void> {
  loaded ??= load();
  await Deno.permissions.revoke({ name: "ffi" });
}

/**
 * What {@linkcode loadLibc} has loaded.
 *
 * @throws {Error} before that.
 */
export function libc(): Libc {
  if (!loaded) throw new Error("Cannot use libc: it is not loaded, call loadLibc() first");
  return loaded;
}

/** The error number of the call just made. Copied by memcpy: a pointer view would need the right given up above. */
export function errno(): number {
  const number = new Int32Array(1);
  const symbols = libc();
  symbols.memcpy(new Uint8Array(number.buffer), symbols.__errno_location(), 4n);
  return number[0] ?? 0;
}

/** A path or name as C wants it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) throw new Error(`Cannot use path ${JSON.stringify(text)}: it holds a zero byte`);
  return new TextEncoder().encode(`${text}\0`);
}

function load(): Libc {
  if (Deno.build.os !== "linux") {
    throw new ConfigurationError(
      `Cannot use a serial port: they work on Linux only, this is ${Deno.build.os}; use tcp://host:port`,
    );
  }
  return openLibc(SYMBOLS);
}

/**
 * A handle of libc with a few of its calls, for its caller alone. It stays open until the process ends.
 *
 * @throws {Deno.errors.NotCapable} when the permission set does not name libc.
 * @throws {DeviceError} when there is no libc at {@linkcode LIBC_PATHS}.
 */
export function openLibc<const Symbols extends Deno.ForeignLibraryInterface>(
  symbols: Symbols,
): Deno.DynamicLibrary<Symbols>["symbols"] {
  const failures: unknown[] = [];
  for (const path of LIBC_PATHS) {
    try {
      return Deno.dlopen(path, symbols).symbols;
    } catch (thrown) {
      failures.push(thrown);
    }
  }
  // A permission that names another of the paths is the likelier mistake than a system without libc.
  const denied = failures.find((failure) => failure instanceof Deno.errors.NotCapable);
  if (denied) throw denied;
  throw new DeviceError(
    `Cannot load libc: it is at none of ${LIBC_PATHS.join(", ")} (${failures.map(describeError).join("; ")})`,
  );
}
