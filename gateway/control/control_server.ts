import { describeError, type Log } from "@mbus-gateway/resource";
import { MAX_REQUEST_BYTES } from "@mbus-gateway/wire";
import { linesOf } from "./lines.ts";
import type { Requests } from "../requests/requests.ts";
import { refuseLongPath } from "./control_path.ts";

/**
 * Answers the same requests as MQTT brings, over a Unix socket that only this user may use (0600). A line is a request
 * with its `verb`; each line that comes back is a response. Who hangs up ends what they asked for.
 *
 * A socket that an earlier process left behind is replaced: whoever holds the spool is the one gateway of the folder.
 *
 * @throws {ConfigurationError} when the path is longer than the system allows.
 */
export async function controlServer(
  { path, requests, log }: { path: string; requests: Requests; log: Log },
): Promise<AsyncDisposable> {
  refuseLongPath(path);
  await removeIfThere(path);
  const listener = Deno.listen({ transport: "unix", path });
  await Deno.chmod(path, 0o600);
  const open = new Set<Deno.UnixConn>();
  const serving = new Set<Promise<void>>();
  const accepting = (async () => {
    for (;;) {
      const connection = await accepted(listener);
      if (connection === null) return;
      open.add(connection);
      const served = serve(connection, requests, log).finally(() => {
        serving.delete(served);
        open.delete(connection);
      });
      serving.add(served);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of open) closeOnce(connection);
      await accepting;
      await Promise.all(serving);
      await removeIfThere(path);
    },
  };
}

async function serve(connection: Deno.UnixConn, requests: Requests, log: Log): Promise<void> {
  const gone = new AbortController();
  const asked: Promise<void>[] = [];
  let writing: Promise<unknown> = Promise.resolve();
  const say = (text: string) => {
    writing = writing.then(() => writeAll(connection, `${text}\n`)).catch(() => gone.abort(HUNG_UP));
  };
  try {
    for await (const line of linesOf(connection, { most: 2 * MAX_REQUEST_BYTES })) {
      const handled = requests.handle({ ...requestIn(line), fromHere: true, signal: gone.signal, onProgress: say });
      asked.push(handled.then(({ response }) => say(response)));
    }
  } catch (error) {
    log.debug(`A control connection broke: ${describeError(error)}`);
  }
  gone.abort(HUNG_UP);
  await Promise.all(asked);
  await writing;
  closeOnce(connection);
}

const HUNG_UP = new DOMException("Cannot go on: who asked has hung up", "AbortError");

/** On a socket there is no topic that names the verb: the line does. */
function requestIn(line: string): { verb: string; bytes: Uint8Array } {
  const { verb, ...request } = objectOf(line) ?? {};
  const text = verb === undefined ? line : JSON.stringify(request);
  return { verb: typeof verb === "string" ? verb : "", bytes: new TextEncoder().encode(text) };
}

function objectOf(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : null;
  } catch {
    return null; // the request's own parser says what is wrong
  }
}

async function writeAll(connection: Deno.UnixConn, text: string) {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

async function accepted(listener: Deno.UnixListener): Promise<Deno.UnixConn | null> {
  try {
    return await listener.accept();
  } catch (error) {
    if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return null;
    throw error;
  }
}

function closeOnce(connection: Deno.UnixConn) {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

async function removeIfThere(path: string) {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
