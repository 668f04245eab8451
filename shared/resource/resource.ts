/**
 * Gives any value a release, so that `await using` lets go of it at the end of its block, whatever happened there.
 * The release runs once, however often it is asked for. When both the block and the release throw, the language keeps
 * both in a `SuppressedError`, and {@linkcode describeError} prints both.
 *
 * @param value is returned itself, with `Symbol.asyncDispose` added to it.
 * @throws {TypeError} when the value cannot take a property (it is frozen).
 *
 * @example
 * ```ts
 * import { resource } from "@mbus-gateway/resource";
 *
 * async function temporaryFolder() {
 *   const path = await Deno.makeTempDir();
 *   return resource({ path }, ({ path }) => Deno.remove(path, { recursive: true }));
 * }
 *
 * await using folder = await temporaryFolder();
 * await Deno.writeTextFile(`${folder.path}/note.txt`, "gone at the end of the block");
 * ```
 */
export function resource<T extends object>(value: T, release: (value: T) => void | Promise<void>): T & AsyncDisposable {
  let released: Promise<void> | undefined;
  const dispose = () => released ??= Promise.resolve(value).then(release);
  return Object.defineProperty(value, Symbol.asyncDispose, { value: dispose, configurable: true }) as
    & T
    & AsyncDisposable;
}
