import { DeviceError } from "@mbus-gateway/resource";
import type { openTransport } from "./transport.ts";

/**
 * Claims the lines of the configuration whose data are in this folder, until it is disposed or the process ends in
 * whatever way: a gateway shares them among its buses, a command that runs while no gateway does wants them alone. Serial
 * ports have a lock of their own; a TCP converter may let two masters talk at once.
 *
 * @returns null when somebody has them.
 */
export function claimLines(dataFolder: string, who: "gateway" | "command"): Disposable | null {
  const folder = openFolder(dataFolder);
  if (folder === null) return { [Symbol.dispose]() {} }; // nor has a gateway ever run
  // An advisory lock (flock) on the folder itself: whoever may read it can take it, and no file is left behind.
  if (!folder.tryLockSync(who === "command")) {
    folder.close();
    return null;
  }
  return {
    [Symbol.dispose]() {
      folder.unlockSync();
      folder.close();
    },
  };
}

/** How a gateway opens its lines: once no command has them. Then it has them until this is disposed. */
export interface ClaimedLines extends Disposable {
  /** Beside what it throws anyway: {@linkcode DeviceError} while a command has the lines. */
  open: typeof openTransport;
}

/** The lines of a gateway. */
export function claimedLines(dataFolder: string, open: typeof openTransport): ClaimedLines {
  let claim: Disposable | null = null;
  return {
    open(line, options) {
      claim ??= claimLines(dataFolder, "gateway");
      if (claim !== null) return open(line, options);
      const when = "a command on this machine talks to its meters; it is opened when that has ended";
      return Promise.reject(new DeviceError(`Cannot open ${line.port}: ${when}`));
    },
    [Symbol.dispose]: () => claim?.[Symbol.dispose](),
  };
}

function openFolder(path: string): Deno.FsFile | null {
  try {
    return Deno.openSync(path, { read: true });
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return null;
    throw thrown;
  }
}
