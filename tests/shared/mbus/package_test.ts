import { assert, assertEquals } from "@std/assert";

const FOLDER = new URL("../../../shared/mbus/", import.meta.url);

/** The files of the package, as publishing packs them: in one stream, compressed. */
async function* files(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) yield* files(url);
    else yield url;
  }
}

Deno.test("the decoder is a package of its own below 100 kB, with nothing beyond cryptography", async () => {
  const texts: string[] = [];
  const imports = new Set<string>();
  for await (const url of files(FOLDER)) {
    const text = await Deno.readTextFile(url);
    texts.push(text);
    if (!url.pathname.endsWith(".ts")) continue;
    const code = text.replaceAll(/^ \*.*$/gm, "");
    for (const [, from = ""] of code.matchAll(/ from "([^"]+)"/g)) if (!from.startsWith(".")) imports.add(from);
  }
  assertEquals([...imports], ["node:crypto"]);
  const packed = new Blob(texts).stream().pipeThrough(new CompressionStream("gzip"));
  const { byteLength } = await new Response(packed).arrayBuffer();
  assert(byteLength < 100_000, `${byteLength} bytes packed`);
});

Deno.test("the decoder can be published", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty", "--no-check", "-q"],
    cwd: FOLDER,
    env: { NO_COLOR: "1" },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
});
