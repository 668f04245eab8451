import type { RadioBusConfig } from "./radio_config.ts";
import type { Hearing } from "./radio_ear.ts";
import { RadioTeller } from "./radio_teller.ts";
import type { HeardTelegram } from "./heard_telegram.ts";
import { readKeyFile } from "./key_file.ts";
import { newRadioStatus, type RadioStatus } from "./radio_status.ts";

export type { HeardTelegram } from "./heard_telegram.ts";

/** Where one can listen to what the wireless buses hear, all of it, whatever is taken. */
export interface RadioDesk {
  /** The names of the wireless buses. */
  readonly buses: readonly string[];
  /** How each does. */
  status(): RadioStatus[];
  /**
   * Calls `onTelegram` for each telegram, repetitions too, until `signal` aborts; then it returns.
   *
   * @param bus all buses when null.
   * @throws {UnknownRadioBus} for a name that is none.
   */
  listen(bus: string | null, onTelegram: (telegram: HeardTelegram) => void, signal: AbortSignal): Promise<void>;
}

/** Nobody hears under this name. */
export class UnknownRadioBus extends Error {
  override name = "UnknownRadioBus";
}

/** The loops' side of the desk. */
export interface RadioStation {
  readonly radio: RadioBusConfig;
  readonly status: RadioStatus;
  /** What was heard goes to those who listen. */
  tell(hearing: Hearing): void;
}

type Listener = (telegram: HeardTelegram) => void;

/**
 * A desk and the stations that feed it, one for each bus.
 *
 * @throws {ConfigurationError} when a file of keys cannot be read.
 */
export function createRadioDesk(radios: readonly RadioBusConfig[]): { desk: RadioDesk; stations: RadioStation[] } {
  const listeners = new Map<string, Set<Listener>>(radios.map(({ name }) => [name, new Set()]));
  const stations = radios.map((radio) => stationOf(radio, listeners.get(radio.name) ?? new Set()));
  const buses = [...listeners.keys()];
  const desk: RadioDesk = {
    buses,
    status: () => stations.map(({ status }) => ({ ...status, counts: { ...status.counts } })),
    async listen(bus, onTelegram, signal) {
      const sets = bus === null ? [...listeners.values()] : [listeners.get(bus)];
      if (sets.length === 0 || sets.includes(undefined)) throw unknown(bus, buses);
      for (const set of sets) set?.add(onTelegram);
      await aborted(signal);
      for (const set of sets) set?.delete(onTelegram);
    },
  };
  return { desk, stations };
}

function stationOf(radio: RadioBusConfig, listeners: Set<Listener>): RadioStation {
  const { name, receiver, keysFile } = radio;
  const teller = new RadioTeller(name, keysFile === undefined ? undefined : readKeyFile(keysFile));
  return {
    radio,
    status: newRadioStatus(name, receiver),
    tell(hearing) {
      if (listeners.size === 0) return;
      const telegram = teller.tell(hearing);
      for (const listener of [...listeners]) listener(telegram);
    },
  };
}

function unknown(bus: string | null, buses: readonly string[]): UnknownRadioBus {
  const there = buses.length === 0 ? "there are none; configure one with a receiver" : `there are ${buses.join(", ")}`;
  return new UnknownRadioBus(`Cannot listen${bus === null ? "" : ` on ${bus}`}: it is no wireless bus; ${there}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
