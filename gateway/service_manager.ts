import { DeviceError } from "@mbus-gateway/resource";

/** What the service manager said when it started us (`sd_notify(3)`, `sd_watchdog_enabled(3)`). */
export interface Supervision {
  /** `NOTIFY_SOCKET`: a path, or a name in the abstract namespace that begins with `@`. */
  socket: string;
  /** `WATCHDOG_USEC`: it ends and restarts us when it hears nothing for so long; null where it does not watch. */
  watchdogMs: number | null;
}

/** The one who started us and restarts us: systemd, or whoever speaks its protocol. */
export interface ServiceManager extends Disposable {
  readonly watchdogMs: number | null;
  /** Each of these resolves once it is handed over. A manager that is away is no reason to stop: `false` then. */
  ready(status: string): Promise<boolean>;
  status(text: string): Promise<boolean>;
  /** Feeds the watchdog. */
  alive(status: string): Promise<boolean>;
  stopping(): Promise<boolean>;
}

/** The name of our own end of the socket in the data folder. */
export const NOTIFY_SOCKET_NAME = "notify.sock";

/**
 * Opens the way to the service manager.
 *
 * @param ownPath where our end of the socket is made; what an earlier process left there is removed.
 * @throws {Deno.errors.NotCapable} when the permission set does not name both ends.
 * @throws {DeviceError} when our own end cannot be made.
 */
export function serviceManager({ socket, watchdogMs }: Supervision, ownPath: string): ServiceManager {
  removeLeftover(ownPath);
  const own = bind(ownPath);
  const to: Deno.UnixAddr = { transport: "unixpacket", path: socket.replace(/^@/, "\0") };
  const send = async (...lines: string[]) => {
    try {
      await own.send(new TextEncoder().encode(lines.join("\n")), to);
      return true;
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotCapable) throw thrown;
      return false;
    }
  };
  const statusLine = (text: string) => `STATUS=${text.replaceAll("\n", " ")}`;
  return {
    watchdogMs,
    ready: (status) => send("READY=1", statusLine(status)),
    status: (text) => send(statusLine(text)),
    alive: (status) => send("WATCHDOG=1", statusLine(status)),
    stopping: () => send("STOPPING=1", statusLine("Stopping: finishing the meter, delivering what can be")),
    [Symbol.dispose]() {
      own.close();
      removeLeftover(ownPath);
    },
  };
}

function bind(path: string): Deno.DatagramConn {
  try {
    return Deno.listenDatagram({ transport: "unixpacket", path });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new DeviceError(
      `Cannot reach the service manager: ${path} cannot be made (${(cause as Error).message}); free it, or start ` +
        "without NOTIFY_SOCKET",
      { cause },
    );
  }
}

function removeLeftover(path: string) {
  try {
    Deno.removeSync(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}
