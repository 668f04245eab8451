import { availabilityBoard } from "./availability.ts";
import type { GatewayConfig } from "./config.ts";
import type { RadioStatus } from "./radio/radio_status.ts";

/** What one run of the gateway shows of its buses, to whoever has to say whether a configuration works. */
export class BusWitness {
  /** How the meters on the wires do. */
  readonly board = availabilityBoard();
  /** How often each receiver was opened since it last listened. */
  readonly #openings = new Map<string, number>();
  readonly #silentBefore: Set<string>;

  /**
   * @param silentBefore the buses that are known from an earlier run to be silent, as long as they do not work in this.
   * @param onWorks hears of each bus that a meter was read on, or whose receiver listens.
   */
  constructor(
    private readonly config: Pick<GatewayConfig, "buses" | "radios">,
    silentBefore: readonly string[],
    private readonly onWorks: (bus: string) => void,
  ) {
    this.#silentBefore = new Set(silentBefore);
  }

  /** A meter of the bus was read, and the readout kept. */
  taken(bus: string) {
    this.#works(bus);
  }

  /** A receiver has changed its state. That it listens is all that can be asked of it: meters send when they like. */
  receiver(bus: string, state: RadioStatus["state"]) {
    this.#openings.set(bus, state === "opening" ? 1 + (this.#openings.get(bus) ?? 0) : 0);
    if (state !== "opening") this.#works(bus);
  }

  /** The buses that have been tried and give nothing; those of which that is not known are not among them. */
  silent(): string[] {
    const { buses, radios } = this.config;
    return [
      ...buses.filter(({ name, meters }) => this.#isSilent(name, meters.length)),
      ...radios.filter(({ name }) => this.#silentBefore.has(name) || (this.#openings.get(name) ?? 0) > 1),
    ].map(({ name }) => name);
  }

  #isSilent(bus: string, meters: number): boolean {
    const offline = this.board.list().filter((meter) => meter.bus === bus && meter.state === "offline");
    return this.#silentBefore.has(bus) || meters > 0 && offline.length === meters;
  }

  #works(bus: string) {
    this.#silentBefore.delete(bus);
    this.onWorks(bus);
  }
}
