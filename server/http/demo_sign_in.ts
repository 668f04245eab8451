import type { Context } from "@hono/hono";
import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopbackHost } from "./loopback_host.ts";

/** What proxies and tunnels add: a request with one of these did not begin on this machine. */
const FORWARDING =
  /^(?:forwarded|via|cdn-loop|client-ip|(?:x-)?true-client-ip|x-real-ip|x-client-ip|x-cluster-client-ip|x-forwarded(?:-.*)?|x-original-.*|x-envoy-.*|cf-.*|fly-.*|fastly-.*|tailscale-.*)$/;

/**
 * Whether a request is the demo's own: it carries the secret, is addressed to this machine by a name of this machine
 * (another host's name may resolve to 127.0.0.1), and came through no proxy.
 */
export function isDemoRequest(c: Context, secret: string | null): boolean {
  const given = c.req.query("demo");
  if (secret === null || secret === "" || given === undefined) return false;
  if (!isLoopbackHost(c.req.header("host") ?? new URL(c.req.url).host)) return false;
  if (Object.keys(c.req.header()).some((name) => FORWARDING.test(name.toLowerCase()))) return false;
  return timingSafeEqual(digest(given), digest(secret));
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
