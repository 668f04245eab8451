import type { Frame } from "@mbus-gateway/mbus";
import { parseBusAddress, SELECTED, selects } from "../bus_address.ts";
import type { RequestOptions, Verdict } from "../link_exchange.ts";
import type { LinkMaster } from "../link_master.ts";
import { FCB, identityOf, isAck, isResponse, REQ_UD2, short, SND_NKE } from "../link_words.ts";
import { longestThoughtMs } from "../link_timing.ts";
import { selectionRequest } from "../selection.ts";

/** Who is at an address. */
export type Presence =
  | { kind: "nobody" }
  /** Several at once, or noise in place of an answer. */
  | { kind: "crowd" }
  /** One meter, and its first telegram. */
  | { kind: "one"; frame: Uint8Array }
  /** Somebody takes the address and never answers. */
  | { kind: "mute" };

export interface ProbeOptions {
  /** The time that an answer may take to begin; where absent, the standard's and {@linkcode GRACE_MS}. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Called before each probe: others may use the line until it returns. */
  before?: () => Promise<void>;
}

/** What converters and networks add to the standard's time. */
const GRACE_MS = 100;

/** How often noise is asked for again where nothing can be divided any more. */
export const MOST_ATTEMPTS = 3;

/**
 * Asks once who is at an address. Most addresses are empty, so the waiting for nobody is what a scan takes its time
 * for: silence is believed, and {@linkcode Prober.trouble} says whether that was wise.
 */
export class Prober {
  /** How often something was lost on the line as far as one could see: an answer that had to come and did not. */
  trouble = 0;

  constructor(private readonly link: LinkMaster, private readonly options: ProbeOptions) {}

  /**
   * Who answers at a primary address. Two meters at one are rare, and noise is not: what looks like a crowd is asked
   * again.
   */
  async primary(address: number): Promise<Presence> {
    await this.options.before?.();
    for (let attempt = 1;; attempt++) {
      const hello = await this.#ask(short(SND_NKE, address));
      if (hello === "nobody") return { kind: "nobody" };
      // Several acknowledgements can hide in one, but one telegram is one meter's: ask whatever came.
      const presence = await this.#telegram(address, FCB, (frame) => isResponse(frame) && frame.address === address);
      if (presence.kind !== "crowd" || attempt === MOST_ATTEMPTS) return presence;
      this.trouble++;
    }
  }

  /** Who lets itself be selected; all but the found one are let go of. */
  async secondary(mask: string, options: { slowly?: boolean } = {}): Promise<Presence> {
    await this.options.before?.();
    const selected = await this.select(mask, options);
    if (selected !== "one") return { kind: selected };
    const presence = await this.again(mask, FCB);
    if (presence.kind !== "mute") return presence;
    // An acknowledgement that belonged to the selection before, from a slow meter; or a mute one.
    this.trouble++;
    const reselected = await this.select(mask, options);
    return reselected === "one" ? await this.again(mask, FCB) : { kind: reselected };
  }

  /** Whether anybody lets itself be selected; one acknowledgement may be that of many. */
  async select(mask: string, { slowly = false } = {}): Promise<"nobody" | "crowd" | "one"> {
    const { selection, fabricationNumber } = secondaryMask(mask);
    return await this.#ask(selectionRequest(selection, fabricationNumber), slowly);
  }

  /** Asks those who are selected for a telegram; with the FCB toggled for another one. */
  async again(mask: string, fcb: 0 | typeof FCB): Promise<Presence> {
    const { selection } = secondaryMask(mask);
    return await this.#telegram(SELECTED, fcb, (frame) => {
      const identity = identityOf(frame);
      // A meter may be asked by what its telegram does not say; a header that contradicts is another meter's.
      return isResponse(frame) && (identity === null || selects(selection, identity));
    });
  }

  async #ask(request: Frame, slowly = false): Promise<"nobody" | "crowd" | "one"> {
    const exchange = await this.link.request(request, { ...this.#once(slowly), judge: isAck });
    if (exchange.ok) return "one";
    return exchange.code === "no_answer" ? "nobody" : "crowd";
  }

  async #telegram(address: number, fcb: number, isFrom: (frame: Frame) => boolean): Promise<Presence> {
    const judge = (frame: Frame): Verdict =>
      isFrom(frame) ? "answer" : isResponse(frame) ? "wrong_meter" : "unexpected";
    for (let attempt = 1; attempt <= 2; attempt++) {
      const request = short(REQ_UD2 | fcb, address);
      const exchange = await this.link.request(request, { ...this.#once(attempt > 1), judge, alone: true });
      if (exchange.ok) return { kind: "one", frame: exchange.bytes };
      if (exchange.code !== "no_answer") return { kind: "crowd" };
      this.trouble++;
    }
    return { kind: "mute" };
  }

  #once(slowly: boolean): Pick<RequestOptions, "timeoutMs" | "signal" | "mayStaySilent"> {
    const { timeoutMs = longestThoughtMs(this.link.baudRate) + GRACE_MS, signal } = this.options;
    return { timeoutMs: slowly ? 3 * timeoutMs : timeoutMs, signal, mayStaySilent: true };
  }
}

/** A wildcard address as {@linkcode parseBusAddress} reads it, of which it is known that it is no primary one. */
function secondaryMask(mask: string) {
  const address = parseBusAddress(mask);
  if (address.kind !== "secondary") throw new Error(`Cannot select ${mask}: it is no secondary address`);
  return address;
}
