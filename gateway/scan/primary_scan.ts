import type { LinkMaster } from "../link_master.ts";
import { type Find, findIn } from "./find.ts";
import { Prober } from "./probe.ts";
import type { Harvest, SecondaryScanOptions } from "./secondary_scan.ts";

/** The primary addresses that a meter can have: 0 to 250. */
export const PRIMARY_ADDRESSES = 251;

/** Asks each primary address. Where several meters share one, a scan of the secondary space tells them apart. */
export async function primaryScan(link: LinkMaster, options: SecondaryScanOptions): Promise<Harvest> {
  const { onEvent } = options;
  const prober = new Prober(link, options);
  const finds: Find[] = [];
  const unresolved = new Set<string>();
  let done = 0;

  /** @returns the addresses that gave no telegram. */
  async function ask(addresses: number[]): Promise<number[]> {
    const silent: number[] = [];
    for (const address of addresses) {
      const at = `p${address}`;
      onEvent({ type: "progress", done, total: PRIMARY_ADDRESSES, at });
      const presence = await prober.primary(address);
      done = Math.min(PRIMARY_ADDRESSES, done + 1);
      unresolved.delete(at); // where it was asked before
      if (presence.kind === "one") {
        const find = findIn(presence.frame, { baudRate: link.baudRate, address: at });
        finds.push(find);
        onEvent({ type: "found", meter: find.meter });
        continue;
      }
      if (presence.kind === "crowd") onEvent({ type: "collision", at });
      else silent.push(address);
      if (presence.kind !== "nobody") unresolved.add(at);
    }
    return silent;
  }

  const silent = await ask(Array.from({ length: PRIMARY_ADDRESSES }, (_, address) => address));
  // On a line that loses answers silence proves little.
  if (prober.trouble > 0) await ask(silent);
  return { finds, unresolved: [...unresolved] };
}
