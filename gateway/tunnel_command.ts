import { ConfigurationError, type Log } from "@mbus-gateway/resource";
import type { GatewayConfig } from "./config.ts";
import { cloudflareTunnelSession, type TunnelSessionOptions } from "./tunnel_session.ts";

/**
 * Holds the tunnel of a configuration open until it ends: after 30 minutes, when `signal` aborts, or when cloudflared
 * dies.
 *
 * @param say gets one line of JSON once the tunnel stands: gateway, startedAt, expiresAt.
 * @throws {ConfigurationError} when no tunnel is configured; what {@linkcode cloudflareTunnelSession} throws.
 */
export async function holdTunnel(
  { gateway, dataFolder, tunnel }: GatewayConfig,
  { signal, log, say, ...rest }:
    & { signal: AbortSignal; log: Log; say: (line: string) => void }
    & Pick<TunnelSessionOptions, "path">,
): Promise<void> {
  if (tunnel === undefined) {
    throw new ConfigurationError("Cannot open a tunnel: the configuration has no tunnel.tokenFile");
  }
  const leaseFile = `${dataFolder}/tunnel.lease`;
  await Deno.mkdir(dataFolder, { recursive: true, mode: 0o700 });
  await using session = await cloudflareTunnelSession({ ...rest, ...tunnel, gateway, leaseFile, signal, log });
  const { startedAt, expiresAt } = session;
  say(JSON.stringify({ gateway, startedAt, expiresAt }));
  log.info("The tunnel has ended", { reason: await session.ended });
}
