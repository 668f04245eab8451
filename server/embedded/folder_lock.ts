import { ConfigurationError } from "@mbus-gateway/resource";

/**
 * Holds a folder for this process: an flock on the file `lock` in it, which the operating system lets go of with the
 * process, however that ends. PGlite has no lock of its own, and two processes on one folder destroy each other's rows.
 *
 * @param folder exists already.
 * @throws {ConfigurationError} when another process holds it; the text names the folder and, where known, the process.
 */
export function folderLock(folder: string): Disposable {
  const path = `${folder}/lock`;
  const file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
  if (!file.tryLockSync(true)) {
    file.close();
    const holder = Deno.readTextFileSync(path).trim();
    throw new ConfigurationError(
      `Cannot use folder ${folder}: ${/^\d+$/.test(holder) ? `process ${holder}` : "another process"} works on it; ` +
        `stop that one first, or choose another folder with DATA_DIR`,
    );
  }
  file.truncateSync();
  file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
  return {
    [Symbol.dispose]() {
      file.unlockSync(); // a child process that is just being started may have the open file too, for a moment
      file.close();
    },
  };
}
