import type { KeyLookup } from "@mbus-gateway/mbus";
import { ConfigurationError, UsageError } from "@mbus-gateway/resource";
import { keysOfFile } from "../decode_keys.ts";

/**
 * The keys in a file, as `decode --keys` takes them.
 *
 * @throws {ConfigurationError} when there is no such file, or a line is none; it never shows a key.
 */
export function readKeyFile(path: string): KeyLookup {
  try {
    return keysOfFile(path, Deno.readTextFileSync(path));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new ConfigurationError(`Cannot read keys: there is no file ${path}; correct keysFile, or leave it out`);
    }
    if (cause instanceof UsageError) throw new ConfigurationError(cause.message);
    throw cause;
  }
}
