// Puts readouts for ever and says each number once it is taken; a test kills it.
import { openSpool } from "../../gateway/spool.ts";

const [path] = Deno.args;
if (path === undefined) throw new Error("Cannot write spool: name its path");
using spool = openSpool(path);
const out = new TextEncoder();
for (let n = 0;; n++) {
  const readAt = new Date(Date.UTC(2026, 0, 31) + n).toISOString();
  const frames = [new Uint8Array(200).fill(n), new Uint8Array(60).fill(n + 1)];
  const taken = [`p${n % 250}`, "p250"].map((address) => ({
    bus: "main",
    address,
    readAt,
    clock: "trusted" as const,
    frames,
  }));
  const seqs = spool.put(...taken);
  Deno.stdout.writeSync(out.encode(seqs.map((seq) => `${seq} ${readAt}\n`).join("")));
}
