/** The address of a value within its meter. */
export interface SeriesAddress {
  quantity: string;
  unit: string;
  function: string;
  storageNumber: number;
  tariff: number;
  subunit: number;
  /** Names joined by one space. */
  modifiers: string;
  /** Counts identical addresses within one readout, from 0. */
  occurrence: number;
}

/** What says the address: a record of a telegram, or a value that a third-party gateway states. */
export interface Addressed {
  quantity: string;
  unit: string;
  function: string;
  storageNumber: number;
  tariff: number;
  subunit: number;
  modifiers: readonly string[];
}

/** The n-th value of a readout under one address; the same objects each time, so that they compare by identity. */
class AddressFamily {
  #members: SeriesAddress[] = [];
  #modifiers: string;

  constructor(private readonly said: Addressed) {
    this.#modifiers = said.modifiers.join(" ");
  }

  isOf({ quantity, unit, function: fn, storageNumber, tariff, subunit, modifiers }: Addressed): boolean {
    const { said } = this;
    return said.quantity === quantity && said.unit === unit && said.function === fn &&
      said.storageNumber === storageNumber && said.tariff === tariff && said.subunit === subunit &&
      (said.modifiers === modifiers || modifiers.join(" ") === this.#modifiers);
  }

  at(occurrence: number): SeriesAddress {
    const { quantity, unit, function: fn, storageNumber, tariff, subunit } = this.said;
    return this.#members[occurrence] ??= Object.freeze({
      quantity,
      unit,
      function: fn,
      storageNumber,
      tariff,
      subunit,
      modifiers: this.#modifiers,
      occurrence,
    });
  }
}

/** Meters have few addresses, hostile senders many: so many are remembered, then it begins anew. */
const MOST_FAMILIES = 20_000;
const families = new Map<string, AddressFamily>();

function familyOf(key: string, said: Addressed): AddressFamily {
  const known = families.get(key);
  if (known?.isOf(said)) return known;
  // Free text in a unit can make two addresses look alike: those are told apart by all that they say.
  const name = known === undefined ? key : JSON.stringify([key, ...Object.values(plain(said))]);
  const other = families.get(name);
  if (other?.isOf(said)) return other;
  if (families.size >= MOST_FAMILIES) families.clear();
  const made = new AddressFamily(plain(said));
  families.set(name, made);
  return made;
}

/** Without the telegram that a record holds on to. */
function plain({ quantity, unit, function: fn, storageNumber, tariff, subunit, modifiers }: Addressed): Addressed {
  return { quantity, unit, function: fn, storageNumber, tariff, subunit, modifiers };
}

/**
 * Gives the values of one readout their addresses, in order: an SDM630 sends six voltages under the same address, and the
 * n-th of a readout is always the same phase.
 *
 * @returns a function of a key that is the same for the same address, and of what says the address.
 */
export function addressCounter(): (key: string, said: Addressed) => SeriesAddress {
  const seen = new Map<AddressFamily, number>();
  return (key, said) => {
    const family = familyOf(key, said);
    const occurrence = seen.get(family) ?? 0;
    seen.set(family, occurrence + 1);
    return family.at(occurrence);
  };
}
