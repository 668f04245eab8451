import { report } from "./report.ts";

/** The packages that the lock file names, and the bytes they take. */
export async function benchSize(): Promise<void> {
  const root = new URL("../../", import.meta.url);
  const lock = JSON.parse(await Deno.readTextFile(new URL("deno.lock", root))) as { npm: Record<string, unknown> };
  const sizes = new Map<string, number>();
  const store = new URL("node_modules/.deno/", root);
  for await (const { name, isDirectory } of Deno.readDir(store)) {
    if (isDirectory && name !== "node_modules") sizes.set(name, await bytesBelow(new URL(`${name}/`, store)));
  }
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const total = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  const forTests = [...sizes].filter(([name]) => /^(playwright-core|fast-check|pure-rand)@/.test(name));
  report("packages in the lock file, tests' included", String(Object.keys(lock.npm).length));
  report("on the disk, all", mebibytes(total));
  report(
    "on the disk, without those of the tests",
    mebibytes(total - forTests.reduce((sum, [, bytes]) => sum + bytes, 0)),
  );
  for (const [name, bytes] of [...sizes].sort(([, a], [, b]) => b - a).slice(0, 5)) {
    report(`  ${name}`, mebibytes(bytes));
  }
}

async function bytesBelow(folder: URL): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    if (isDirectory) bytes += await bytesBelow(new URL(`${encodeURIComponent(name)}/`, folder));
    else if (isFile) bytes += (await Deno.stat(new URL(encodeURIComponent(name), folder))).size;
  }
  return bytes;
}
