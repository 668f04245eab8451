/** Whether a meter can be read at present. */
export interface MeterAvailability {
  bus: string;
  address: string;
  state: "online" | "offline";
  /** Since when it is so, ISO 8601 in UTC by the gateway's clock. */
  since: string;
  /** When it was read last since the gateway started; null before. */
  lastReadAt: string | null;
}

/** What is known of each meter since the gateway started. One that could not be asked yet is not in it. */
export interface AvailabilityBoard {
  answered(bus: string, address: string, at: string): void;
  /** Whoever fails once among others that answer counts as offline, and so does whoever there is no line to. */
  silent(bus: string, address: string, at: string): void;
  list(): MeterAvailability[];
  /** Calls `listener` at each change of a state, until it is disposed. */
  onChange(listener: (meter: MeterAvailability) => void): Disposable;
}

/** An empty board. */
export function availabilityBoard(): AvailabilityBoard {
  const meters = new Map<string, MeterAvailability>();
  const listeners = new Set<(meter: MeterAvailability) => void>();
  const set = (bus: string, address: string, state: MeterAvailability["state"], at: string) => {
    const key = `${bus}/${address}`;
    const known = meters.get(key);
    const same = known?.state === state;
    const lastReadAt = state === "online" ? at : known?.lastReadAt ?? null;
    const meter = { bus, address, state, since: same ? known.since : at, lastReadAt };
    meters.set(key, meter);
    if (!same) { for (const listener of listeners) listener(meter); }
  };
  return {
    answered: (bus, address, at) => set(bus, address, "online", at),
    silent: (bus, address, at) => set(bus, address, "offline", at),
    list: () => [...meters.values()],
    onChange(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}
