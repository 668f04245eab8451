/**
 * Which of the words that a configuration asks for ({@linkcode gatewayFlags}) this process was not given: they are fixed
 * when it starts.
 *
 * @example
 * ```ts
 * import { missingPermissions } from "./missing_permissions.ts";
 * missingPermissions(["--allow-net=127.0.0.1:1883"]);
 * ```
 */
export function missingPermissions(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    const [, kind = "", list = ""] = /^--allow-(\w+)=(.*)$/.exec(word) ?? [];
    return list.split(",").filter((item) => !isGranted(kind, item)).map((item) => `${kind} ${item}`);
  });
}

function isGranted(kind: string, item: string): boolean {
  switch (kind) {
    case "net":
      return Deno.permissions.querySync({ name: "net", host: item }).state === "granted";
    case "read":
    case "write":
      return Deno.permissions.querySync({ name: kind, path: item }).state === "granted";
    case "run":
      return Deno.permissions.querySync({ name: "run", command: item }).state === "granted";
    default:
      // The right to load libc is given back once it is loaded; whether it was, the first serial port shows.
      return true;
  }
}
