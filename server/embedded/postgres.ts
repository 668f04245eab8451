import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { ConfigurationError } from "@mbus-gateway/resource";
import { resolve } from "node:path";
import { folderLock } from "./folder_lock.ts";
import { embeddedSocket } from "./socket_path.ts";

/** A PostgreSQL inside this process, for trying and for one small site. */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** For `openDatabase`, with one connection at most: there is one session behind the socket. */
  readonly url: string;
  /** Settles (never rejects) with the reason when the database has stopped by itself; only a restart helps then. */
  readonly broken: Promise<Error>;
}

/** Connections beyond the first wait; they only happen while a given-up connection goes away. */
const MAX_CONNECTIONS = 8;

/** Linux takes 107 bytes for the name of a socket; macOS 103. */
const MAX_SOCKET_PATH_BYTES = 103;

/**
 * Starts PGlite on a folder, behind a Unix socket in that folder which only this user can reach: PGlite asks for no
 * password, so there is no port. No LISTEN, no COPY, no session settings (`set local` only); without fsync, so that a
 * power cut can lose the last commits.
 *
 * @param folder is made when it is not there; its data stays.
 * @throws {ConfigurationError} when another process works on the folder, or its path is too long for a socket.
 *
 * @example
 * ```ts ignore
 * await using postgres = await embeddedPostgres("data/postgres");
 * await using database = await openDatabase({ url: postgres.url, maxConnections: 1 });
 * ```
 */
export async function embeddedPostgres(folder: string): Promise<EmbeddedPostgres> {
  const absolute = resolve(folder);
  const socket = embeddedSocket(absolute);
  if (new TextEncoder().encode(socket).length > MAX_SOCKET_PATH_BYTES) {
    throw new ConfigurationError(
      `Cannot use folder ${absolute}: a socket's path has at most ${MAX_SOCKET_PATH_BYTES} bytes, and ${socket} is ` +
        `longer; choose a shorter folder with DATA_DIR`,
    );
  }
  Deno.mkdirSync(absolute, { recursive: true, mode: 0o700 });
  Deno.chmodSync(absolute, 0o700); // also when it was there: whoever may pass the folder could reach the socket
  await using stack = new AsyncDisposableStack();
  stack.use(folderLock(absolute));
  removeIfThere(socket); // left behind by a process that was killed; the lock says that nobody uses it
  const broken = Promise.withResolvers<Error>();
  const pglite = stack.adopt(await PGlite.create({ dataDir: `${absolute}/data` }), (db) => db.close());
  reportFailure(pglite, broken.resolve);
  const server = new PGLiteSocketServer({ db: pglite, path: socket, maxConnections: MAX_CONNECTIONS });
  await server.start();
  stack.defer(() => server.stop());
  Deno.chmodSync(socket, 0o600);
  const owned = stack.move();
  return {
    url: `postgres://postgres@localhost/postgres?host=${encodeURIComponent(absolute)}`,
    broken: broken.promise,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Messages of the protocol that must be answered: Query and Sync. */
const ASKING = new Set(["Q", "S"].map((letter) => letter.charCodeAt(0)));

/**
 * An SQL error is an answer of the protocol. When the engine itself fails (a trap in the WebAssembly, its stack or memory
 * used up) it throws or answers nothing, and whoever waits for the answer waits for ever.
 */
function reportFailure(pglite: PGlite, report: (error: Error) => void) {
  const exec = pglite.execProtocolRawStream.bind(pglite);
  const failed = (cause: unknown) =>
    report(new Error(`Cannot go on with the embedded database: ${cause}; start the server again`, { cause }));
  pglite.execProtocolRawStream = async (message, options) => {
    let answered = 0;
    const onRawData = (data: Uint8Array) => {
      answered += data.length;
      options?.onRawData?.(data);
    };
    try {
      await exec(message, { ...options, onRawData });
    } catch (cause) {
      failed(cause);
      throw cause;
    }
    if (answered === 0 && ASKING.has(message[0] ?? 0)) failed("it gives no answer");
  };
}

function removeIfThere(path: string) {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
