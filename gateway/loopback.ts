/**
 * Whether a URL names this computer: the only place where an unencrypted connection is accepted. Only the plain
 * spellings count; `127.1` or `0x7f000001` are taken for names of somewhere else.
 *
 * @example
 * ```ts
 * import { isLoopback } from "./loopback.ts";
 * isLoopback("mqtt://127.0.0.1:1883"); // true
 * isLoopback("mqtt://127.0.0.1.example.org"); // false
 * ```
 */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
