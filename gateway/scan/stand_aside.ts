import type { LinkMaster } from "../link_master.ts";
import type { Passage } from "../passage.ts";

export interface StandAsideOptions {
  passage: Passage;
  /** The line's own speed, which others find it at. */
  baudRate: number;
  signal?: AbortSignal;
}

/**
 * Where a scan steps aside between two probes. A probe begins with a selection of its own, or with a primary address, so
 * that nothing of the scan is lost when others have spoken in between; only the line's speed is to be put back.
 */
export class StandAside {
  /** What others did with the line meanwhile. */
  readonly passed = { requests: 0, elapsed: 0 };

  constructor(private readonly link: LinkMaster, private readonly options: StandAsideOptions) {}

  /** Lets those pass who want to, once, and returns when the next probe can be sent. */
  async ifWanted(): Promise<void> {
    const { link, options: { passage, baudRate, signal } } = this;
    if (!passage.isWanted()) return;
    const own = link.baudRate;
    const before = { ...link.counts, elapsed: link.elapsed() };
    // A scan believes in silence sooner than a slow meter answers.
    link.expectLateAnswers();
    await link.setBaudRate(baudRate);
    await passage.give();
    // Nor must the answer of a meter that was given up meanwhile pass for one to the probe.
    if (link.counts.noAnswer > before.noAnswer) await link.untilNothingIsLate(signal);
    await link.setBaudRate(own);
    this.passed.requests += link.counts.requests - before.requests;
    this.passed.elapsed += link.elapsed() - before.elapsed;
  }
}
