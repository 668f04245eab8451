import { plainDecimal } from "../dial.ts";
import type { BookedAnswer } from "../ledger.ts";
import type { DialReading } from "../meter.ts";
import type { Differences } from "./differences.ts";
import type { HeldReading } from "./held.ts";

/** A held readout whose frames are those of `answer`: its readings must be the dials of that answer, each once. */
export function compareReadings(
  answer: BookedAnswer,
  heldByTelegram: readonly HeldReading[][],
  differences: Differences,
): void {
  const { manufacturer, identification, version, deviceTypeCode } = answer.meter;
  const meter = `${manufacturer}:${identification}:${version}:${deviceTypeCode}`;
  const missing = new Map(answer.registers.map((dial) => [addressOfDial(dial), dial]));
  const known = new Set<string>();
  for (const [telegram, readings] of heldByTelegram.entries()) {
    for (const reading of readings) {
      const address = addressOfHeld(reading, telegram);
      const where = `answer ${answer.counter} of ${meter}, ${address}`;
      if (reading.meter !== meter) differences.add(`wrong meter: ${where} is held for ${reading.meter}`);
      if (!reading.isCurrent || reading.revision !== 1) {
        differences.add(`revised: ${where} is revision ${reading.revision}, current: ${reading.isCurrent}`);
      }
      if (!reading.timely) differences.add(`wrong time: ${where} is held at another time than its telegram`);
      if (known.has(address)) {
        differences.add(`doubled: ${where} is held twice`);
        continue;
      }
      known.add(address);
      const dial = missing.get(address);
      missing.delete(address);
      if (dial === undefined) {
        differences.add(`not in the ledger: ${where} is held as ${reading.value}`);
      } else if (spelling(reading.value) !== plainDecimal(dial.value)) {
        differences.add(`wrong value: ${where} showed ${dial.value}, held is ${reading.value}`);
      }
    }
  }
  for (const [address, dial] of missing) {
    differences.add(`missing: answer ${answer.counter} of ${meter}, ${address} showed ${dial.value} and is not held`);
  }
}

/** `numeric` can hold NaN; that is no dial's value. */
function spelling(text: string): string {
  try {
    return plainDecimal(text);
  } catch {
    return text;
  }
}

function addressOfDial(dial: DialReading): string {
  return address({ ...dial, modifiers: dial.modifiers.join(" ") }, dial.telegram);
}

function addressOfHeld(reading: HeldReading, telegram: number): string {
  return address(reading, telegram);
}

type Address = Pick<
  HeldReading,
  "quantity" | "unit" | "function" | "storageNumber" | "tariff" | "subunit" | "modifiers" | "occurrence"
>;

function address(of: Address, telegram: number): string {
  const { quantity, unit, storageNumber, tariff, subunit, modifiers, occurrence } = of;
  const numbers = `storage ${storageNumber} tariff ${tariff} subunit ${subunit} occurrence ${occurrence}`;
  return `${quantity} [${unit}] ${of.function} ${numbers} {${modifiers}} in telegram ${telegram}`;
}
