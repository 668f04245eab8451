import type { Log } from "@mbus-gateway/resource";
import type { Clock, Timer } from "../clock.ts";
import type { GatewayConfig } from "../config.ts";
import { cloudflareTunnelSession, type TunnelSession, type TunnelSessionOptions } from "../tunnel_session.ts";
import { RequestError } from "./request_error.ts";
import { handler, type Handlers } from "./requests.ts";

export interface TunnelDesk extends AsyncDisposable {
  handlers: Handlers;
}

export interface TunnelDeskOptions extends Pick<TunnelSessionOptions, "script" | "path"> {
  /** The configuration of now: one that has no tunnel any more opens none. */
  config: () => Pick<GatewayConfig, "gateway" | "dataFolder" | "tunnel">;
  clock: Clock;
  timer: Timer;
  log: Log;
  /** Hears when a tunnel has ended, and why. */
  onEnded?: (reason: string) => void;
}

/**
 * `tunnel/open` and `tunnel/close`: one tunnel at a time, for 30 minutes at most. Opening one that is open answers with
 * when it ends. Its disposal closes it.
 */
export function tunnelDesk({ config, clock, timer, log, onEnded = () => {}, ...rest }: TunnelDeskOptions): TunnelDesk {
  let opening: Promise<TunnelSession> | null = null;

  async function open(): Promise<TunnelSession> {
    const { gateway, dataFolder, tunnel } = config();
    if (tunnel === undefined) {
      const how = "set tunnel.tokenFile in its configuration";
      throw new RequestError("not_enabled", `Cannot open a tunnel: this gateway has none; ${how}`);
    }
    await Deno.mkdir(dataFolder, { recursive: true, mode: 0o700 });
    const leaseFile = `${dataFolder}/tunnel.lease`;
    const session = await cloudflareTunnelSession({ ...rest, ...tunnel, gateway, leaseFile, clock, timer, log });
    session.ended.then((reason) => {
      opening = null;
      onEnded(reason);
    });
    return session;
  }

  return {
    handlers: {
      "tunnel/open": handler({}, async () => {
        opening ??= open();
        try {
          const { gateway, startedAt, expiresAt } = await opening;
          return { gateway, startedAt, expiresAt };
        } catch (thrown) {
          opening = null;
          throw thrown;
        }
      }),
      "tunnel/close": handler({}, async () => {
        const session = await opening?.catch(() => null);
        await session?.[Symbol.asyncDispose]();
        await session?.ended;
        return { closed: session !== undefined && session !== null };
      }),
    },
    async [Symbol.asyncDispose]() {
      const session = await opening?.catch(() => null);
      await session?.[Symbol.asyncDispose]();
    },
  };
}
