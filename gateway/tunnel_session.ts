import { deadline, delay } from "@std/async";
import {
  childProcess,
  ConfigurationError,
  describeError,
  httpClient,
  HttpError,
  type Log,
  silentLog,
} from "@mbus-gateway/resource";
import { type Clock, systemClock, systemTimer, type Timer } from "./clock.ts";
import { TUNNEL_SCRIPT } from "./flags.ts";
import { takeLease, TunnelError, type TunnelLease } from "./tunnel_lease.ts";
import { TUNNEL_MS } from "./tunnel_limit.ts";

export interface TunnelSessionOptions {
  gateway: string;
  /** Holds the tunnel's token; handed on by the environment, so that no list of processes and no log shows it. */
  tokenFile: string;
  /** Where a running tunnel is written down, in the data folder. */
  leaseFile: string;
  /** `deploy/cloudflared` as installed: it ends the tunnel after 30 minutes even when this process has been killed. */
  script?: string;
  /** The loopback port of cloudflared's own `/ready`. Default 20241. */
  metricsPort?: number;
  /** Where the script finds cloudflared. */
  path?: string;
  /** Default 30 seconds. */
  readyTimeoutMs?: number;
  signal?: AbortSignal;
  clock?: Pick<Clock, "now">;
  timer?: Timer;
  log?: Log;
}

/** A tunnel that stands. Its disposal ends it. */
export interface TunnelSession extends AsyncDisposable, TunnelLease {
  /** Settles (never rejects) once the tunnel has ended, with the reason: closed, expired, stopped, or died. */
  readonly ended: Promise<string>;
}

/** More than the script's own 5 seconds from SIGTERM to SIGKILL: who kills the script first orphans the tunnel. */
const GRACE_MS = 10_000;
const POLL_MS = 250;

/**
 * Opens a Cloudflare tunnel for support, for 30 minutes at the most, one at a time.
 *
 * @throws {TunnelError} when one stands already, or this one did not become ready; {@linkcode ConfigurationError} when
 * the token file cannot be used; the signal's reason.
 *
 * @example
 * ```ts ignore
 * await using tunnel = await cloudflareTunnelSession({ gateway: "GW-0001", tokenFile, leaseFile });
 * console.log(`open until ${tunnel.expiresAt}`);
 * console.log(await tunnel.ended);
 * ```
 */
export async function cloudflareTunnelSession(options: TunnelSessionOptions): Promise<TunnelSession> {
  const { gateway, tokenFile, leaseFile, script = TUNNEL_SCRIPT, metricsPort = 20241, signal } = options;
  const { clock = systemClock(), timer = systemTimer, log = silentLog } = options;
  const { path = "/usr/local/bin:/usr/bin:/bin", readyTimeoutMs = 30_000 } = options;
  signal?.throwIfAborted();
  const token = await readToken(tokenFile);

  await using stack = new AsyncDisposableStack();
  const lease = await takeLease(leaseFile, gateway, clock.now());
  const started = timer.elapsed();
  if (await answers(metricsPort)) {
    await lease[Symbol.asyncDispose]();
    throw portTaken(metricsPort);
  }
  stack.defer(() => releaseLease(lease, metricsPort, log));
  let lastLine = "it said nothing";
  const onLine = (line: string) => log.debug(`cloudflared: ${lastLine = line.replaceAll(token, "…")}`);
  const child = stack.use(childProcess(script, {
    args: ["tunnel", "--no-autoupdate", "--metrics", `127.0.0.1:${metricsPort}`, "--grace-period", "3s", "run"],
    env: { PATH: path, TUNNEL_TOKEN: token },
    clearEnv: true,
    graceMs: GRACE_MS,
    onStdout: onLine,
    onStderr: onLine,
  }));
  const died = child.status.then(({ code, signal }) =>
    `cloudflared ended by itself (${signal ?? `code ${code}`}): ${lastLine}`
  );
  await untilReady({ metricsPort, readyTimeoutMs, died, signal });
  log.info("Tunnel is open", { gateway, until: lease.expiresAt });

  const owned = stack.move();
  const over = new AbortController();
  let reason: string | undefined;
  let closing: Promise<void> | undefined;
  const close = (why: string) => {
    reason ??= why;
    over.abort();
    return closing ??= owned.disposeAsync();
  };
  const stop = () => void close("the program stops");
  signal?.addEventListener("abort", stop, { once: true });
  timer.sleep(TUNNEL_MS - (timer.elapsed() - started), over.signal)
    .then(() => void close("its 30 minutes are over"), () => {});
  const ended = died.then(async (why) => {
    await close(why).catch((error) => log.warn("Cannot take tunnel lease back", { error }));
    signal?.removeEventListener("abort", stop);
    log.info("Tunnel is closed", { gateway, reason });
    return reason ?? why;
  });
  const { startedAt, expiresAt } = lease;
  return { gateway, startedAt, expiresAt, ended, [Symbol.asyncDispose]: () => close("it was closed") };
}

async function readToken(tokenFile: string): Promise<string> {
  let token: string;
  try {
    token = (await Deno.readTextFile(tokenFile)).trim();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new ConfigurationError(`Cannot start tunnel: token file ${tokenFile} cannot be read`, { cause });
  }
  if (!/^[\w+/=.-]+$/.test(token)) {
    throw new ConfigurationError(`Cannot start tunnel: token file ${tokenFile} holds no token; save it there again`);
  }
  return token;
}

/** Whoever answers there already would pass for the tunnel. */
function portTaken(port: number): TunnelError {
  return new TunnelError(
    `Cannot start tunnel: port ${port} of 127.0.0.1 is taken by another program; choose another tunnel.metricsPort`,
  );
}

/** A tunnel that survived its script keeps its lease: the next start then waits. */
async function releaseLease(lease: AsyncDisposable, port: number, log: Log) {
  if (await answers(port)) log.warn("Tunnel still runs after its end: its lease stays", { port });
  else await lease[Symbol.asyncDispose]();
}

async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

interface ReadyOptions {
  metricsPort: number;
  readyTimeoutMs: number;
  died: Promise<string>;
  signal?: AbortSignal;
}

/** Asks cloudflared itself: `/ready` answers 200 once a connection to the edge stands, 503 before. */
async function untilReady({ metricsPort, readyTimeoutMs, died, signal }: ReadyOptions) {
  await using http = httpClient({ timeoutMs: 2000 });
  const over = new AbortController();
  let why = "it says nothing";
  const ready = async () => {
    for (;;) {
      try {
        await http.request("GET", `http://127.0.0.1:${metricsPort}/ready`, { signal: over.signal });
        return;
      } catch (error) {
        over.signal.throwIfAborted();
        why = error instanceof HttpError ? "it reaches no edge; check the network" : describeError(error);
      }
      await delay(POLL_MS, { signal: over.signal });
    }
  };
  const failed = died.then((reason) => Promise.reject(new TunnelError(`Cannot start tunnel: ${reason}`)));
  try {
    await deadline(Promise.race([ready(), failed]), readyTimeoutMs, { signal });
  } catch (error) {
    if (signal?.aborted || !(error instanceof DOMException)) throw error;
    throw new TunnelError(`Cannot start tunnel: not ready within ${readyTimeoutMs / 1000} s: ${why}`);
  } finally {
    over.abort();
  }
}
