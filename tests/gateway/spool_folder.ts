import type { TakenReadout } from "../../gateway/spool.ts";

/** A readout of one frame, to be told apart by its number. */
export function taken(n: number, bytes = 300): TakenReadout {
  const frames = [new Uint8Array(bytes).fill(n)];
  return { bus: "main", address: `p${n % 251}`, readAt: "2026-01-31T11:59:58.123Z", clock: "trusted", frames };
}

/** Lets the body have a folder, and the path of a spool in it that is not there yet. */
export async function withFolder(body: (path: string, folder: string) => void | Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await body(`${folder}/spool.db`, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
