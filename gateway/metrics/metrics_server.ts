import { ConfigurationError } from "@mbus-gateway/resource";
import type { Figures } from "./figures.ts";
import { PROMETHEUS_TYPE, prometheusText } from "./prometheus.ts";

export interface MetricsServerOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  figures: () => Figures;
}

/** Serves `GET /metrics` for Prometheus, and nothing else, until it is disposed. */
export interface MetricsServer extends AsyncDisposable {
  readonly port: number;
}

/**
 * Opens the port for metrics. They hold no reading and no secret.
 *
 * @throws {ConfigurationError} when the port is taken.
 */
export function metricsServer({ host, port, figures }: MetricsServerOptions): MetricsServer {
  const answer = (request: Request) => {
    if (new URL(request.url).pathname !== "/metrics") return new Response("There is /metrics\n", { status: 404 });
    if (request.method !== "GET") return new Response(null, { status: 405, headers: { allow: "GET" } });
    return new Response(prometheusText(figures()), { headers: { "content-type": PROMETHEUS_TYPE } });
  };
  try {
    const server = Deno.serve({ hostname: host, port, onListen: () => {} }, answer);
    return { port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AddrInUse || cause instanceof Deno.errors.AddrNotAvailable)) throw cause;
    const why = cause instanceof Deno.errors.AddrInUse ? "another program has it" : "this computer has no such address";
    throw new ConfigurationError(`Cannot open metrics at ${host}:${port}: ${why}; set metrics.port and metrics.host`, {
      cause,
    });
  }
}
