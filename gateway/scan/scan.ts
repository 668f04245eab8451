import type { LinkMaster } from "../link_master.ts";
import { NOBODY_PASSES } from "../passage.ts";
import { lowerBound } from "./lower_bound.ts";
import { primaryScan } from "./primary_scan.ts";
import type { ProbeOptions } from "./probe.ts";
import type { ScanOptions, ScanReport } from "./scan_report.ts";
import { type Harvest, secondaryScan } from "./secondary_scan.ts";
import { StandAside } from "./stand_aside.ts";

/**
 * Looks for meters, at one speed after the other; the line comes back to its own. A meter that answers at several is
 * taken at the first. Between two probes others may pass, at the line's own speed.
 *
 * @throws {DeviceError} when the line cannot change its speed and more than its own was asked for.
 * @throws {MeterError} `corrupt` when the line is nothing but noise.
 */
export async function scan(
  link: LinkMaster,
  options: ScanOptions & Pick<ProbeOptions, "timeoutMs">,
  signal?: AbortSignal,
): Promise<ScanReport> {
  const { space, timeoutMs, onEvent = () => {}, passage = NOBODY_PASSES } = options;
  const own = link.baudRate;
  const begun = { requests: link.counts.requests, elapsed: link.elapsed() };
  const aside = new StandAside(link, { passage, baudRate: own, signal });
  const before = () => aside.ifWanted();
  const whole: Harvest = { finds: [], unresolved: [] };
  const bound = { requests: 0, seconds: 0 };
  try {
    for (const baudRate of options.baudRates ?? [own]) {
      await link.setBaudRate(baudRate);
      const look = space === "primary" ? primaryScan : secondaryScan;
      const { finds, unresolved } = await look(link, { timeoutMs, signal, onEvent, before });
      const least = lowerBound(space, finds, baudRate);
      bound.requests += least.requests;
      bound.seconds += least.seconds;
      const known = new Set(whole.finds.map(({ meter }) => meter.address));
      whole.finds.push(...finds.filter(({ meter }) => !known.has(meter.address)));
      whole.unresolved.push(...unresolved);
    }
  } finally {
    await link.setBaudRate(own);
  }
  return {
    meters: whole.finds.map(({ meter }) => meter),
    unresolved: whole.unresolved,
    requests: link.counts.requests - begun.requests - aside.passed.requests,
    seconds: (link.elapsed() - begun.elapsed - aside.passed.elapsed) / 1000,
    passedSeconds: aside.passed.elapsed / 1000,
    lowerBound: bound,
  };
}
