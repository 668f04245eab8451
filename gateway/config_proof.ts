import type { GatewayConfig } from "./config.ts";

/**
 * What a configuration on trial has yet to show: that the broker can be reached with it, that a meter of each wired bus
 * can be read, and that each receiver listens.
 */
export class ConfigProof {
  #connected = false;
  readonly #wired: Set<string>;
  readonly #wireless: Set<string>;

  /** @param excused the buses of which no proof is wanted, because they gave nothing before either. */
  constructor({ buses, radios }: Pick<GatewayConfig, "buses" | "radios">, excused: readonly string[]) {
    const names = (list: readonly { name: string }[]) =>
      new Set(list.map(({ name }) => name).filter((name) => !excused.includes(name)));
    this.#wired = names(buses.filter(({ meters }) => meters.length > 0));
    this.#wireless = names(radios);
  }

  connected() {
    this.#connected = true;
  }

  works(bus: string) {
    this.#wired.delete(bus);
    this.#wireless.delete(bus);
  }

  get isWhole(): boolean {
    return this.#connected && this.#wired.size === 0 && this.#wireless.size === 0;
  }

  /** What is missing, as the beginning of a sentence. */
  lacks(): string {
    return [
      ...this.#connected ? [] : ["the broker could not be reached"],
      ...[...this.#wired].map((bus) => `no meter of bus ${bus} could be read`),
      ...[...this.#wireless].map((bus) => `the receiver of bus ${bus} did not listen`),
    ].join(", and ");
  }
}
