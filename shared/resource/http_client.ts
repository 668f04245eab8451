import { VERSION } from "@mbus-gateway/wire";
import { readBody } from "./http_body.ts";
import { HttpError, networkReason } from "./http_error.ts";
import { requireTlsUnlessLoopback, withoutSecrets } from "./loopback.ts";
import { type Semaphore, semaphore } from "./semaphore.ts";

export interface HttpClientOptions {
  /** For a whole request: its wait for a connection, redirects and the body. Default 30 seconds. */
  timeoutMs?: number;
  /** The most requests at once; the others wait. Default 10. */
  maxConnections?: number;
  /** The most bytes of an answer. Default 16 MiB. */
  maxBodyBytes?: number;
  /** Authorities beside those the system knows, PEM texts. */
  caCerts?: string[];
}

export interface HttpRequestInit {
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
  signal?: AbortSignal;
}

/** An answer of 200–299, completely read. */
export interface HttpAnswer {
  status: number;
  headers: Headers;
  bytes: Uint8Array<ArrayBuffer>;
}

/** A pool of connections; its disposal ends what is under way and closes them. */
export interface HttpClient extends AsyncDisposable {
  /**
   * @throws {HttpError} when the answer is outside 200–299; an Error "Cannot GET https://…: …" when there was no
   * complete answer; {@linkcode ConfigurationError} for http: to another machine; the signal's reason.
   */
  request(method: string, url: string | URL, init?: HttpRequestInit): Promise<HttpAnswer>;
  /** GET of a JSON document. What it holds is for the caller to check. */
  getJson(url: string | URL, init?: Omit<HttpRequestInit, "body">): Promise<unknown>;
}

const MAX_REDIRECTS = 5;

/**
 * Makes an HTTP client: https only, except for loopback addresses.
 *
 * @example
 * ```ts
 * import { httpClient } from "@mbus-gateway/resource";
 * await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => Response.json({ ok: true }));
 * await using http = httpClient({ timeoutMs: 15_000 });
 * await http.getJson(`http://127.0.0.1:${server.addr.port}/`); // { ok: true }
 * ```
 */
export function httpClient(options: HttpClientOptions = {}): HttpClient {
  const { timeoutMs = 30_000, maxConnections = 10, maxBodyBytes = 16 * 1024 * 1024, caCerts } = options;
  const pool = Deno.createHttpClient({ poolMaxIdlePerHost: maxConnections, caCerts });
  const places = semaphore(maxConnections);
  const closed = new AbortController();
  const underWay = new Set<Promise<unknown>>();

  const request = async (method: string, url: string | URL, init: HttpRequestInit = {}): Promise<HttpAnswer> => {
    const target = requireTlsUnlessLoopback(url);
    const timeout = new AbortController();
    const timer = setTimeout(
      () => timeout.abort(new Error(`no complete answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    const own = AbortSignal.any([timeout.signal, closed.signal]);
    const signal = init.signal === undefined ? own : AbortSignal.any([own, init.signal]);
    try {
      return await exchange({ pool, places, maxBodyBytes }, method, target, { ...init, signal });
    } catch (error) {
      if (init.signal?.aborted) throw init.signal.reason;
      throw failure(`${method} ${withoutSecrets(target)}`, own.aborted ? own.reason : error);
    } finally {
      clearTimeout(timer);
    }
  };
  const tracked: HttpClient["request"] = (...parameters) => {
    const answer = request(...parameters);
    underWay.add(answer);
    const forget = () => underWay.delete(answer);
    answer.then(forget, forget);
    return answer;
  };
  return {
    request: tracked,
    async getJson(url, init) {
      const { bytes } = await tracked("GET", url, {
        ...init,
        headers: { accept: "application/json", ...init?.headers },
      });
      try {
        return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
      } catch (cause) {
        throw new Error(`Cannot GET ${withoutSecrets(new URL(url))}: the answer is no JSON`, { cause });
      }
    },
    async [Symbol.asyncDispose]() {
      if (closed.signal.aborted) return;
      closed.abort(new Error("the HTTP client has been closed"));
      await Promise.allSettled(underWay);
      pool.close();
    },
  };
}

interface Exchange {
  pool: Deno.HttpClient;
  places: Semaphore;
  maxBodyBytes: number;
}

async function exchange(
  { pool, places, maxBodyBytes }: Exchange,
  method: string,
  target: URL,
  init: HttpRequestInit & { signal: AbortSignal },
): Promise<HttpAnswer> {
  using _place = await places.acquire(init.signal);
  let url = target;
  let headers = new Headers({ "user-agent": `mbus-gateway/${VERSION}`, ...init.headers });
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await fetch(url, {
      method,
      headers,
      body: init.body,
      signal: init.signal,
      client: pool,
      redirect: "manual",
    });
    const location = redirectOf(method, response);
    const bytes = await readBody(response, maxBodyBytes);
    if (location !== null) {
      const next = requireTlsUnlessLoopback(new URL(location, url));
      if (next.origin !== url.origin) headers = withoutCredentials(headers);
      url = next;
    } else if (response.ok) {
      return { status: response.status, headers: response.headers, bytes };
    } else {
      throw answered(method, url, response, bytes);
    }
  }
  throw new Error(`it redirects more than ${MAX_REDIRECTS} times`);
}

/** Where a GET or HEAD is sent on to; other methods are not repeated elsewhere. */
function redirectOf(method: string, { status, headers }: Response): string | null {
  if (method !== "GET" && method !== "HEAD") return null;
  return [301, 302, 303, 307, 308].includes(status) ? headers.get("location") : null;
}

/** To another host only what says nothing of the caller: services have credentials under many names. */
function withoutCredentials(headers: Headers): Headers {
  const harmless = ["accept", "accept-encoding", "accept-language", "user-agent"];
  return new Headers([...headers].filter(([name]) => harmless.includes(name)));
}

function answered(method: string, target: URL, { status, statusText }: Response, bytes: Uint8Array): HttpError {
  const url = withoutSecrets(target);
  const body = new TextDecoder().decode(bytes.subarray(0, 4096)).slice(0, 1024);
  const excerpt = body.replaceAll(/\s+/g, " ").trim().slice(0, 200);
  const text = `Cannot ${method} ${url}: ${[status, statusText].join(" ").trim()}${excerpt && `: ${excerpt}`}`;
  return new HttpError(text, status, url, body);
}

function failure(what: string, cause: unknown): Error {
  if (cause instanceof HttpError || cause instanceof Deno.errors.NotCapable) return cause;
  return new Error(`Cannot ${what}: ${networkReason(cause)}`);
}
