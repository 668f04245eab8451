import { ConfigurationError } from "@mbus-gateway/resource";

/** Where a database is, and how it is reached. */
export interface DatabaseAddress {
  host: string;
  port: number;
  /** The folder of the Unix socket that is used in place of host and port. */
  socketFolder: string | null;
  user: string;
  password: string | null;
  name: string;
  /** `null`: in the clear. Else the server's certificate must be valid for the host, issued by `ca` or the system's. */
  tls: { ca: string | null } | null;
}

const PARAMETERS = ["host", "sslmode", "sslrootcert"];
const LOOPBACK = /^(localhost|\[::1\]|127(?:\.\d{1,3}){3})$/;

/**
 * Reads a connection URL in libpq's words: `postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=…&sslrootcert=FILE`, or
 * `postgres://USER@localhost/NAME?host=FOLDER` for a Unix socket. What leaves this machine is encrypted and the server
 * proves its name (`sslmode=verify-full`, also when it is not written); in the clear is for loopback and sockets.
 *
 * @throws {ConfigurationError} when it is no such URL or would be less than that; the text never has the password.
 *
 * @example
 * ```ts
 * import { parseDatabaseUrl } from "./database_url.ts";
 * parseDatabaseUrl("postgres://mbus:x@db.example.org/mbus").tls; // { ca: null }
 * parseDatabaseUrl("postgres://mbus:x@127.0.0.1/mbus").tls; // null
 * ```
 */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  const url = URL.parse(text);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) {
    throw cannot("the database's URL", "it is not of the form postgres://USER:PASSWORD@HOST:PORT/NAME");
  }
  // Behind an @ stands a host; without one it could be half of a password, so that nothing of the URL is shown.
  if (url.username === "") throw cannot("the database's URL", "it names no user; write postgres://USER:PASSWORD@…");
  const name = decodeURIComponent(url.pathname.slice(1));
  const place = `postgres://${url.host}/${/^[\w .-]*$/.test(name) ? name : "…"}`;
  const parameters = Object.fromEntries(url.searchParams);
  for (const key of Object.keys(parameters)) {
    if (!PARAMETERS.includes(key)) throw cannot(place, `"${key}" is not one of ${PARAMETERS.join(", ")}`);
  }
  if (name === "" || name.includes("/")) throw cannot(place, "it names no database; write …@HOST:PORT/NAME");
  if (url.hostname === "" || url.hostname.includes(",")) throw cannot(place, "write exactly one host");
  const { host: socketFolder = null, sslmode, sslrootcert = null } = parameters;
  if (socketFolder !== null && !socketFolder.startsWith("/")) {
    throw cannot(place, `host=${socketFolder} is not the absolute path of the socket's folder`);
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 5432 : Number(url.port),
    socketFolder,
    user: decodeURIComponent(url.username),
    password: url.password === "" ? null : decodeURIComponent(url.password),
    name,
    tls: tlsOf(place, { here: socketFolder !== null || LOOPBACK.test(url.hostname), sslmode, sslrootcert }),
  };
}

/** For messages and logs: the database and where it is, without user and password. */
export function placeOf({ host, port, socketFolder, name }: DatabaseAddress): string {
  return `${name} at ${socketFolder ?? `${host.includes(":") ? `[${host}]` : host}:${port}`}`;
}

function tlsOf(
  place: string,
  { here, sslmode, sslrootcert }: { here: boolean; sslmode?: string; sslrootcert: string | null },
): DatabaseAddress["tls"] {
  if (sslmode === undefined && here) return null;
  if (sslmode === "disable" && here) return null;
  if (sslmode !== undefined && sslmode !== "verify-full") {
    const why = here ? "disable or verify-full" : "verify-full, as the database is on another machine";
    throw cannot(place, `sslmode is ${sslmode}, expected ${why}`);
  }
  return { ca: sslrootcert === "system" ? null : sslrootcert };
}

function cannot(place: string, why: string): ConfigurationError {
  return new ConfigurationError(`Cannot use ${place}: ${why}`);
}
