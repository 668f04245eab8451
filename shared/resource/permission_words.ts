import { ConfigurationError } from "./program.ts";

/**
 * The word for `deno run` that allows exactly these; none where there are none. Null and undefined are passed over,
 * duplicates too.
 *
 * @throws {ConfigurationError} when a value cannot be put on a command line: the words pass through `$(…)`, which splits
 * at white space and no longer reads quotes, and Deno splits them at commas.
 *
 * @example
 * ```ts
 * import { allowWords } from "@mbus-gateway/resource";
 * allowWords("net", ["127.0.0.1:8080", null]); // ["--allow-net=127.0.0.1:8080"]
 * allowWords("run", []); // []
 * ```
 */
export function allowWords(
  kind: "net" | "read" | "write" | "ffi" | "run",
  values: readonly (string | null | undefined)[],
): string[] {
  const words = [...new Set(values.filter((value) => value != null))].map(asWord);
  return words.length === 0 ? [] : [`--allow-${kind}=${words.join(",")}`];
}

/** Host and port as a permission names them, the port by the URL's scheme where it names none. */
export function hostAndPort(address: string): string {
  const { protocol, hostname, port } = new URL(address);
  return `${hostname}:${port || (DEFAULT_PORTS[protocol] ?? "")}`;
}

const DEFAULT_PORTS: Record<string, number> = { "mqtts:": 8883, "mqtt:": 1883, "https:": 443, "http:": 80 };

function asWord(value: string): string {
  if (!/[\s,"'`\\*?$]/.test(value)) return value;
  throw new ConfigurationError(
    `Cannot put ${JSON.stringify(value)} on a command line: it has white space, a comma, a quote or one of \\ * ? $; ` +
      `choose a path or host without them`,
  );
}
