import type { Site } from "../fixtures/site.ts";
import { plainDecimal } from "../simulator/dial.ts";
import type { BookedAnswer } from "../simulator/ledger.ts";

/** A meter's values in order of time, by what each is of. */
export type ShownMeter = Record<string, string[]>;

interface Address {
  quantity: string;
  unit: string;
  function: string;
  storageNumber: number;
  tariff: number;
  subunit: number;
  modifiers: string[];
  occurrence: number;
}

/** What the dials of the book's meters showed, by identification. */
export function shownByLedger(answers: Iterable<BookedAnswer>): Record<string, ShownMeter> {
  const meters: Record<string, ShownMeter> = {};
  for (const { meter, registers } of answers) {
    const shown = meters[meter.identification] ??= {};
    for (const dial of registers) (shown[nameOf(dial)] ??= []).push(plainDecimal(dial.value));
  }
  return meters;
}

/** What the server's API shows of all its meters: every reading of every page, and with it the newest of each series. */
export async function shownByApi(site: Site): Promise<Record<string, ShownMeter>> {
  const { meters } = await site.api("/api/v1/meters") as { meters: { id: string; identification: string }[] };
  const shown: Record<string, ShownMeter> = {};
  for (const { id, identification } of meters) {
    const values = shown[identification] = await readingsOf(site, id);
    const { series } = await site.api(`/api/v1/meters/${id}`) as {
      series: (Address & { latest: { value: string } | null })[];
    };
    for (const { latest, ...address } of series) {
      const newest = values[nameOf(address)]?.at(-1);
      if (latest !== null && plainDecimal(latest.value) === newest) continue;
      throw new Error(
        `Meter ${id} shows ${latest?.value} as newest ${nameOf(address)}, its readings end with ${newest}`,
      );
    }
  }
  return shown;
}

/** Page by page: a page of 100 ends in the middle of a series. */
async function readingsOf(site: Site, meter: string): Promise<ShownMeter> {
  const shown: ShownMeter = {};
  for (let after: string | null = ""; after !== null;) {
    const page = await site.api(`/api/v1/readings?meter=${meter}&limit=100${after && `&after=${after}`}`) as {
      readings: (Address & { value: string })[];
      next: string | null;
    };
    for (const reading of page.readings) (shown[nameOf(reading)] ??= []).push(plainDecimal(reading.value));
    after = page.next;
  }
  return shown;
}

function nameOf(address: Address): string {
  const { quantity, unit, storageNumber, tariff, subunit, modifiers, occurrence } = address;
  return [quantity, unit, address.function, storageNumber, tariff, subunit, modifiers.join("+"), occurrence].join(" ");
}
