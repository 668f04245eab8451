import type { LinkRequest } from "./link_receiver.ts";
import type { SimulatedMeter } from "./meter.ts";
import { type DoneCommand, type Reply, type SegmentBook, SELECTED, Station } from "./station.ts";

const BROADCAST = 255;

/**
 * The meters of one segment at the link layer: who answers what. It keeps no time and no line; two that answer at once
 * are two replies.
 */
export class Segment {
  readonly #stations: Station[];
  /** What meters were told and did, in order. */
  readonly done: DoneCommand[] = [];

  constructor(meters: readonly SimulatedMeter[], options: Pick<SegmentBook, "ledger" | "now">) {
    let counter = options.ledger.lastCounter;
    const book = { ...options, nextCounter: () => ++counter, done: this.done };
    this.#stations = meters.map((meter) => new Station(meter, book));
  }

  /**
   * What the meters say to a request; silence is an empty list.
   *
   * @param baudRate the speed at which it came, where that matters.
   */
  handle(request: LinkRequest, baudRate?: number): Reply[] {
    const near = this.#stations.filter((station) => !station.isDeafAt(baudRate));
    if (request.ci === 0x52 && request.address === SELECTED) {
      return near.map((station) => station.select(request.data)).filter((reply) => reply !== null);
    }
    if (request.address === BROADCAST) {
      for (const station of near) station.overhear(request);
      return [];
    }
    return near.filter((station) => station.hears(request.address))
      .map((station) => station.reply(request)).filter((reply) => reply !== null);
  }
}
