import type { Log } from "@mbus-gateway/resource";
import type { GatewayConfig } from "./config.ts";
import { openLibc } from "./libc.ts";
import { parseNetworkPort } from "./network_port.ts";

/** A part of the program as the loader put it into memory, in whole pages. */
interface Segment {
  address: bigint;
  length: bigint;
}

/** When the start is over. */
const STARTED_MS = 5_000;
const AGAIN_MS = 10 * 60_000;

/** Nobody else gets at these: a call that changes memory is not for the rest of the program. */
const SYMBOLS = {
  getauxval: { parameters: ["u64"], result: "u64" },
  pointerOf: { name: "getauxval", parameters: ["u64"], result: "pointer" },
  memcpy: { parameters: ["buffer", "pointer", "u64"], result: "pointer" },
  madvise: { parameters: ["u64", "u64", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Calls = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** `getauxval(3)`: what the kernel told the program of itself. */
const AUXILIARY = { headers: 3n, headerSize: 4n, headerCount: 5n, pageSize: 6n };
/** `elf(5)`: program headers. */
const PT = { load: 1, ownHeaders: 6 };
const PF_WRITE = 2;
const MADV_DONTNEED = 4;

/**
 * Gives the pages of the program that only its start needed back to the kernel, now and then again. Deno's code and
 * constants are 90 MB, of which starting touches some 36 and running six: the rest would stay resident for as long as
 * nobody else wants the memory. A page that is needed after all is mapped again from the file.
 *
 * Gives up the right to load libraries, which it needs at its beginning, unless `keepRight`: a serial port needs it
 * once more. Where libc cannot be opened, or there is no Linux, the memory stays as it is.
 *
 * @returns what ends it.
 */
export async function memoryCare(log: Log, { keepRight }: { keepRight: boolean }): Promise<Disposable> {
  const giveBack = pageGiver(log);
  if (!keepRight) await Deno.permissions.revoke({ name: "ffi" });
  giveBack();
  const started = setTimeout(giveBack, STARTED_MS);
  const again = setInterval(giveBack, AGAIN_MS);
  return {
    [Symbol.dispose]: () => {
      clearTimeout(started);
      clearInterval(again);
    },
  };
}

/** Whether a configuration has a line that is opened by way of libc. */
export function hasSerialPort({ buses, radios }: Pick<GatewayConfig, "buses" | "radios">): boolean {
  return buses.some(({ port }) => parseNetworkPort(port) === null) || radios.some(({ port }) => port.startsWith("/"));
}

function pageGiver(log: Log): () => void {
  if (Deno.build.os !== "linux") return () => {};
  try {
    const libc = openLibc(SYMBOLS);
    const segments = unwrittenSegments(libc);
    return () => {
      for (const { address, length } of segments) libc.madvise(address, length, MADV_DONTNEED);
    };
  } catch (error) {
    log.info("The memory that starting took is kept", { error });
    return () => {};
  }
}

/** What of the program nobody can have written to: its file has the same. */
function unwrittenSegments({ getauxval, pointerOf, memcpy }: Calls): Segment[] {
  const size = Number(getauxval(AUXILIARY.headerSize));
  const bytes = new Uint8Array(size * Number(getauxval(AUXILIARY.headerCount)));
  memcpy(bytes, pointerOf(AUXILIARY.headers), BigInt(bytes.length));
  const headers = Array.from({ length: bytes.length / size }, (_, index) => {
    const view = new DataView(bytes.buffer, index * size, size);
    return {
      type: view.getUint32(0, true),
      flags: view.getUint32(4, true),
      address: view.getBigUint64(16, true),
      length: view.getBigUint64(40, true),
    };
  });
  const own = headers.find(({ type }) => type === PT.ownHeaders);
  if (own === undefined) return []; // where the program lies cannot be told
  const base = getauxval(AUXILIARY.headers) - own.address;
  const page = getauxval(AUXILIARY.pageSize);
  return headers.filter(({ type, flags }) => type === PT.load && (flags & PF_WRITE) === 0).map((header) => {
    const address = (base + header.address + page - 1n) / page * page;
    return { address, length: (base + header.address + header.length) / page * page - address };
  });
}
