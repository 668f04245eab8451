import { ConfigurationError } from "./program.ts";

const ENCRYPTED = new Map([["mqtt:", "mqtts:"], ["http:", "https:"]]);

/**
 * Refuses addresses that would carry readings and passwords in the clear: `mqtt:` and `http:` are for this machine's
 * own loopback, everything else is `mqtts:` and `https:`. There is no option to switch this off.
 *
 * @returns the parsed URL.
 * @throws {ConfigurationError} when it is no URL, of another scheme, or in the clear to another machine.
 *
 * @example
 * ```ts
 * import { requireTlsUnlessLoopback } from "@mbus-gateway/resource";
 * requireTlsUnlessLoopback("mqtts://broker.example.org").hostname; // "broker.example.org"
 * requireTlsUnlessLoopback("mqtt://127.0.0.1:1883").port; // "1883"
 * ```
 */
export function requireTlsUnlessLoopback(url: string | URL): URL {
  const parsed = typeof url === "string" ? URL.parse(url) : url;
  if (parsed === null) {
    throw new ConfigurationError(`Cannot use address: ${JSON.stringify(url)} is no URL such as mqtts://host:8883`);
  }
  const encrypted = ENCRYPTED.get(parsed.protocol);
  if (encrypted !== undefined && !isLoopback(parsed)) {
    throw new ConfigurationError(
      `Cannot use ${withoutSecrets(parsed)}: it is not encrypted; write ${encrypted}// (only 127.0.0.1, [::1] and ` +
        `localhost may go without)`,
    );
  }
  if (encrypted === undefined && ![...ENCRYPTED.values()].includes(parsed.protocol)) {
    throw new ConfigurationError(`Cannot use ${withoutSecrets(parsed)}: expected mqtts:// or https://`);
  }
  return parsed;
}

/** Whether a URL stays on this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** A URL for messages and logs: without user, password, and the values of its query. */
export function withoutSecrets({ protocol, host, pathname, search }: URL): string {
  return `${protocol}//${host}${pathname}${search === "" ? "" : "?…"}`;
}
