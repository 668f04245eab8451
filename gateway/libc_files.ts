/**
 * The few looks into `/dev` and `/sys` that finding an adapter takes. Deno's own file API would want all permissions
 * for them.
 *
 * @module
 */
import { cString, libc } from "./libc.ts";

const O_RDONLY_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
/** Where `struct dirent` of Linux has its length and its name. */
const LENGTH_AT = 16;
const NAME_AT = 19;

/** The names in a folder, none where there is no such folder. */
export function folderEntries(path: string): string[] {
  const folder = libc().opendir(cString(path));
  if (folder === null) return [];
  const names: string[] = [];
  for (let entry = libc().readdir(folder); entry !== null; entry = libc().readdir(folder)) {
    const head = new Uint8Array(NAME_AT);
    libc().memcpy(head, entry, BigInt(NAME_AT));
    const whole = new Uint8Array(new DataView(head.buffer).getUint16(LENGTH_AT, true));
    libc().memcpy(whole, entry, BigInt(whole.length));
    names.push(text(whole.subarray(NAME_AT)));
  }
  libc().closedir(folder);
  return names.filter((name) => name !== "." && name !== "..");
}

/** The path behind all links, or null when there is nothing. */
export function realPathOrNull(path: string): string | null {
  const resolved = new Uint8Array(4097); // PATH_MAX and a zero byte
  return libc().realpath(cString(path), resolved) === null ? null : text(resolved);
}

/** The first line of a small file, or null when there is none. */
export function firstLine(path: string): string | null {
  const file = libc().open(cString(path), O_RDONLY_NONBLOCK_CLOEXEC);
  if (file < 0) return null;
  const bytes = new Uint8Array(256);
  const length = Number(libc().read(file, bytes, BigInt(bytes.length)));
  libc().close(file);
  return length <= 0 ? null : text(bytes).split("\n")[0] ?? null;
}

/** Up to the zero byte, if there is one. */
function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
