import { ConfigurationError } from "@mbus-gateway/resource";

/** An HTTP listener; its disposal stops accepting, and lets what is under way finish. */
export interface Listener extends AsyncDisposable {
  /** Where it is reached from this machine, with a closing slash. */
  readonly url: string;
}

export interface ListenOptions {
  host: string;
  /** 0 takes any free one. */
  port: number;
  handler: (request: Request) => Response | Promise<Response>;
  /** How long requests under way may take when it closes; then they are answered with 503. */
  graceMs?: number;
}

/**
 * Listens for HTTP.
 *
 * @throws {ConfigurationError} when the address is not of this machine, or the port is taken.
 */
export function listen({ host, port, handler, graceMs = 2_000 }: ListenOptions): Listener {
  const underWay = new Set<(response: Response) => void>();
  // Deno's own cut-off, the signal of serve(), throws outside of every promise once shutdown() has begun.
  const server = serve(host, port, async (request) => {
    const cutOff = Promise.withResolvers<Response>();
    underWay.add(cutOff.resolve);
    try {
      return await Promise.race([handler(request), cutOff.promise]);
    } finally {
      underWay.delete(cutOff.resolve);
    }
  });
  const { hostname, port: taken } = server.addr;
  return {
    url: `http://${reachable(hostname)}:${taken}/`,
    async [Symbol.asyncDispose]() {
      const timer = setTimeout(() => underWay.forEach((cutOff) => cutOff(stopping())), graceMs);
      try {
        await server.shutdown();
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function stopping(): Response {
  return new Response("Cannot answer: the server stops\n", { status: 503, headers: { connection: "close" } });
}

function serve(hostname: string, port: number, handler: ListenOptions["handler"]) {
  try {
    return Deno.serve({ hostname, port, onListen: () => {} }, handler);
  } catch (cause) {
    if (cause instanceof Deno.errors.AddrInUse) {
      throw new ConfigurationError(
        `Cannot listen on ${hostname}:${port}: another program has the port; choose another with HTTP_PORT`,
        { cause },
      );
    }
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new ConfigurationError(
      `Cannot listen on ${hostname}:${port}: ${(cause as Error).message}; see HTTP_HOST and HTTP_PORT`,
      { cause },
    );
  }
}

/** All addresses include this machine's own. */
function reachable(hostname: string): string {
  if (hostname === "0.0.0.0" || hostname === "::") return "127.0.0.1";
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}
