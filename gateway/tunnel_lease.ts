import { TUNNEL_MS } from "./tunnel_limit.ts";

/** A tunnel that cannot be started; the text says why, and until when where that is known. */
export class TunnelError extends Error {
  override name = "TunnelError";
}

/** What is written down about a running tunnel. */
export interface TunnelLease {
  gateway: string;
  /** UTC, ISO 8601. */
  startedAt: string;
  expiresAt: string;
}

/** The script's own SIGKILL comes 5 seconds after its 30 minutes. */
const GONE_MS = TUNNEL_MS + 10_000;

/**
 * Writes down that a tunnel runs. A gateway that was killed leaves this behind, and its tunnel may run on until the
 * script ends it: the next start waits that out instead of opening a second one.
 *
 * @returns what takes the lease back, to be called when the tunnel has ended.
 * @throws {TunnelError} while another one stands.
 */
export async function takeLease(path: string, gateway: string, now: Date): Promise<TunnelLease & AsyncDisposable> {
  const lease = leaseFrom(gateway, now);
  const standing = await readLease(path);
  if (standing !== null) {
    const goneMs = standing.startedAt + GONE_MS - now.getTime();
    // Unreadable, or of a clock that has since been set back: as if it had begun now, so that the wait has an end.
    if (!(goneMs <= GONE_MS)) await Deno.writeTextFile(path, JSON.stringify(lease));
    if (!(goneMs <= 0)) throw busy(goneMs <= GONE_MS ? now.getTime() + goneMs : now.getTime() + GONE_MS);
    await Deno.remove(path);
  }
  await create(path, lease);
  return { ...lease, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

function leaseFrom(gateway: string, now: Date): TunnelLease {
  const expiresAt = new Date(now.getTime() + TUNNEL_MS).toISOString();
  return { gateway, startedAt: now.toISOString(), expiresAt };
}

/** When the lease found began, in milliseconds since 1970: NaN when it cannot be read; null when there is none. */
async function readLease(path: string): Promise<{ startedAt: number } | null> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const startedAt = /"startedAt":"([^"]+)"/.exec(text)?.[1];
  return { startedAt: startedAt === undefined ? NaN : Date.parse(startedAt) };
}

/** Of several that start at once, one succeeds. */
async function create(path: string, lease: TunnelLease) {
  try {
    using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
    await file.write(new TextEncoder().encode(JSON.stringify(lease)));
    await file.sync();
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw busy(Date.parse(lease.startedAt) + GONE_MS);
    throw error;
  }
}

function busy(until: number): TunnelError {
  return new TunnelError(
    `Cannot start tunnel: one is running, or was left running by a gateway that was killed; it is gone by ${
      new Date(until).toISOString()
    } at the latest, try again then`,
  );
}
