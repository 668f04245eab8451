import { secondaryText } from "../bus_address.ts";
import type { LinkMaster } from "../link_master.ts";
import { MeterError } from "../meter_error.ts";
import { fabricationNumberIn, identityIn, sameMeter } from "../meter_identity.ts";
import { type Find, findIn } from "./find.ts";
import { MOST_ATTEMPTS, type ProbeOptions, Prober } from "./probe.ts";
import type { ScanEvent } from "./scan_report.ts";
import { ANYBODY, type Dimension, dimensions, hexNumbers, NO_FABRICATION_NUMBER } from "./wildcards.ts";

export interface SecondaryScanOptions extends ProbeOptions {
  onEvent: (event: ScanEvent) => void;
}

/** What a scan at one speed brought. */
export interface Harvest {
  finds: Find[];
  unresolved: string[];
}

/** A mask that gave no telegram, and what would have been next below it. */
interface Silent {
  mask: string;
  next: readonly Dimension[];
}

/** The whole address space in parts of a progress: most of it are decimal numbers. */
const PARTS = 1_000;
const HEX_PARTS = 100;
/** So many crowds in a row without a single meter are no meters: 250 of them make a find before that. */
const MOST_CROWDS = 400;

/**
 * Finds meters by wildcards (EN 13757-3, 11): where several answer, the next part of the address is gone through.
 *
 * An answer that looks like one meter's can be that of several whose bits overlap: its checksum is right once in 256
 * times. So each find must let itself be selected by its own, whole address; and where several have one number it must
 * give a second telegram alone.
 */
export async function secondaryScan(link: LinkMaster, options: SecondaryScanOptions): Promise<Harvest> {
  const scan = new SecondaryScan(link, options);
  await scan.all();
  return { finds: [...scan.finds.values()], unresolved: [...scan.unresolved] };
}

class SecondaryScan {
  readonly finds = new Map<string, Find>();
  readonly unresolved = new Set<string>();
  readonly #prober: Prober;
  #silent: Silent[] = [];
  #crowds = 0;
  #done = 0;

  constructor(private readonly link: LinkMaster, private readonly options: SecondaryScanOptions) {
    this.#prober = new Prober(link, options);
  }

  async all() {
    await this.#look(ANYBODY, dimensions("decimal"), PARTS - HEX_PARTS);
    if (this.finds.size > 1 || this.unresolved.size > 0 || this.#crowds > 0) {
      const masks = hexNumbers();
      for (const mask of masks) await this.#look(mask, dimensions("hex"), HEX_PARTS / masks.length);
    }
    // On a line that loses answers silence proves little: those places are looked at again, and longer, until that
    // brings nobody new.
    for (let known = -1; this.#prober.trouble > 0 && known < this.finds.size;) {
      known = this.finds.size;
      const silent = this.#silent;
      this.#silent = [];
      for (const { mask, next } of silent) await this.#look(mask, next, 0, true);
    }
  }

  /** Looks for all meters of a mask; `parts` of the progress are its own. @returns how many there are, as it seems. */
  async #look(mask: string, next: readonly Dimension[], parts: number, slowly = false): Promise<number> {
    this.#progress(mask);
    this.unresolved.delete(mask); // where it was looked at before
    const presence = await this.#prober.secondary(mask, { slowly });
    switch (presence.kind) {
      case "nobody":
        this.#silent.push({ mask, next });
        this.#done += parts;
        return 0;
      case "mute":
        this.unresolved.add(mask);
        this.#silent.push({ mask, next });
        this.#done += parts;
        return 1;
      case "one":
        if (await this.#isProven(mask, presence.frame)) {
          this.#done += parts;
          return 1;
        }
    }
    this.options.onEvent({ type: "collision", at: mask });
    this.#refuseNoise();
    const meters = await this.#divide(mask, next, parts);
    // It takes two to collide: what one did not answer well the line has spoiled.
    if (meters < 2) this.#prober.trouble++;
    return meters;
  }

  async #divide(mask: string, next: readonly Dimension[], parts: number): Promise<number> {
    for (const [index, dimension] of next.entries()) {
      if (!dimension.isOpen(mask)) continue;
      if (dimension.isEnhanced && mask.length === 16 && !await this.#looksAtFabrication(mask)) break;
      const children = dimension.children(mask);
      const below = next.slice(index + 1);
      let meters = 0;
      for (const child of children) meters += await this.#look(child, below, parts / children.length);
      if (meters > 0) return meters;
      parts = 0;
      // Nobody below a crowd: the crowd was noise, or its meters do not look at this part of their address.
      const again = await this.#prober.secondary(mask);
      if (again.kind === "nobody") return 0;
      if (again.kind === "one" && await this.#isProven(mask, again.frame)) return 1;
    }
    this.#done += parts;
    if (await this.#insists(mask)) return 1;
    this.unresolved.add(mask);
    return 2;
  }

  /** Where nothing is left to divide, noise is asked for again, as a reading would be. */
  async #insists(mask: string): Promise<boolean> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const presence = await this.#prober.secondary(mask);
      if (presence.kind === "one" && await this.#isProven(mask, presence.frame)) return true;
    }
    return false;
  }

  /** Whether a telegram is one meter's; it is taken then. */
  async #isProven(mask: string, frame: Uint8Array): Promise<boolean> {
    const identity = identityIn(frame);
    const own = identity === null ? null : secondaryText(identity);
    // Below a crowd of one number, addresses differ in few bits, and overlap easily.
    const sharesNumber = !mask.slice(0, 8).includes("F") && mask.slice(8, 16) !== ANYBODY.slice(8);
    if (own === null || mask !== own && (sharesNumber || this.finds.has(own))) {
      const second = await this.#prober.again(mask, 0);
      if (second.kind !== "one" || identity !== null && !sameMeter(frame, second.frame)) return false;
    }
    if (own === null || mask.length > 16) return this.#take(mask, frame);
    if (own === mask || this.finds.has(own)) return this.#take(own, frame);
    return await this.#prober.select(own) !== "nobody" && this.#take(own, frame);
  }

  #take(address: string, frame: Uint8Array): true {
    this.#crowds = 0;
    const fabricationNumber = address.length > 16 ? fabricationNumberIn(frame) ?? address.slice(17) : null;
    const whole = fabricationNumber === null ? address : `${address.slice(0, 16)}/${fabricationNumber}`;
    if (this.finds.has(whole)) return true;
    const find = findIn(frame, { baudRate: this.link.baudRate, address: whole, fabricationNumber });
    this.finds.set(whole, find);
    this.options.onEvent({ type: "found", meter: find.meter });
    return true;
  }

  /** A meter that does not know enhanced selection may leave the number out of account, and answer to any. */
  async #looksAtFabrication(mask: string): Promise<boolean> {
    return await this.#prober.select(`${mask}/${NO_FABRICATION_NUMBER}`) === "nobody";
  }

  #refuseNoise() {
    if (++this.#crowds < MOST_CROWDS) return;
    throw new MeterError(
      "corrupt",
      `Cannot scan: ${MOST_CROWDS} answers in a row were no telegram; check baud rate, parity, and whether the line is ` +
        "quiet when nobody is asked",
    );
  }

  #progress(at: string) {
    this.options.onEvent({ type: "progress", done: Math.min(PARTS, Math.round(this.#done)), total: PARTS, at });
  }
}
