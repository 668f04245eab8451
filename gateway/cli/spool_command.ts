import { EXIT, nearest, UsageError } from "@mbus-gateway/resource";
import type { FramesReadout } from "@mbus-gateway/wire";
import { loadConfig } from "../config.ts";
import { inspectSpool, type SpoolView } from "../spool_view.ts";
import { type LookArguments, parseLookArguments } from "./look_arguments.ts";

const HELP = `spool status | export [--config FILE]

  status [--json]           What the spool holds: readouts that no server has confirmed, and those that are parked.
  export [--format ndjson]  Each unconfirmed readout as a JSON object a line, oldest first, with its frames in
                            hexadecimal. Nothing is taken out of the spool, and a gateway that runs goes on.`;

/** So many readouts at a time are in memory. */
const PAGE = 200;

const VERBS: Record<string, (spool: SpoolView, options: LookArguments, out: (text: string) => void) => void> = {
  status(spool, { json }, out) {
    const parked = spool.parked(20);
    const [oldest] = spool.peek({ limit: 1 });
    const status = { epoch: spool.epoch, ...spool.status(), oldestReadAt: oldest?.readAt ?? null };
    if (json) return out(JSON.stringify({ ...status, parkedReadouts: parked }));
    out(`epoch      ${status.epoch}`);
    out(`waiting    ${status.depth}${oldest === undefined ? "" : `, oldest of ${oldest.readAt}`}`);
    out(`parked     ${status.parked}`);
    for (const { seq, bus, address, readAt, code, reason } of parked) {
      out(`  ${seq}  ${bus} ${address}  ${readAt}  ${code}: ${reason}`);
    }
    if (status.parked > parked.length) out(`  … and ${status.parked - parked.length} more`);
    out(`dropped    ${status.dropped} for want of room`);
    out(`salvaged   ${status.salvaged} times, after damage`);
  },
  export(spool, { format }, out) {
    if (format !== null && format !== "ndjson") {
      throw new UsageError(`Cannot export the spool as ${format}: expected --format ndjson`);
    }
    let after = 0;
    for (;;) {
      const page = spool.peek({ after, limit: PAGE });
      for (const readout of page) out(lineOf(readout));
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.seq;
    }
  },
};

/** `spool status` and `spool export`. @returns the exit code. */
export function spoolCommand(args: string[]): number {
  const options = parseLookArguments("spool", args);
  const [word = "", extra] = options.words;
  if (options.help) {
    console.log(HELP);
    return EXIT.ok;
  }
  const verb = Object.hasOwn(VERBS, word) ? VERBS[word] : undefined;
  if (verb === undefined || extra !== undefined) {
    const near = extra === undefined ? nearest(word, Object.keys(VERBS)) : null;
    throw new UsageError(
      `Cannot look at the spool: ${
        near ? `did you mean "spool ${near}"?` : 'expected "spool status" or "spool export"'
      }`,
    );
  }
  using spool = inspectSpool(`${loadConfig(options.config).dataFolder}/spool.db`);
  verb(spool, options, writeLine);
  return EXIT.ok;
}

function lineOf({ frames, ...readout }: FramesReadout): string {
  return JSON.stringify({ ...readout, frames: frames.map((frame) => frame.toHex()) });
}

/** At once, and whole: an export of a gigabyte must not wait in memory for a slow reader. */
function writeLine(text: string) {
  const bytes = new TextEncoder().encode(`${text}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
