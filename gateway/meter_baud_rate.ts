import { ConfigurationError } from "@mbus-gateway/resource";
import { BROADCAST, type BusAddress } from "./bus_address.ts";
import type { LinkMaster } from "./link_master.ts";
import { sendUserData } from "./meter_commands.ts";
import { MeterError } from "./meter_error.ts";
import { type Patience, readout } from "./meter_readout.ts";
import { sameMeter } from "./meter_identity.ts";

/** The speeds of EN 13757-2, 5.2.6, and the CI field that makes a meter change to each. */
const CI_OF_BAUD_RATE: ReadonlyMap<number, number> = new Map([
  [300, 0xb8],
  [600, 0xb9],
  [1200, 0xba],
  [2400, 0xbb],
  [4800, 0xbc],
  [9600, 0xbd],
  [19200, 0xbe],
  [38400, 0xbf],
]);

/**
 * Makes a meter speak at another speed, and proves it by reading the meter at it. A meter that cannot be read there is
 * told to come back: it may have changed and be too far away for that speed. The line itself always comes back.
 *
 * @throws {MeterError} `not_proven`, saying at which speed the meter is now.
 * @throws {DeviceError} when the line cannot change its speed; nothing has been sent then.
 * @throws {ConfigurationError} for a speed that the standard does not have.
 */
export async function setBaudRate(
  link: LinkMaster,
  meter: BusAddress,
  baudRate: number,
  patience: Patience,
): Promise<void> {
  const what = `set meter ${meter.text} to ${baudRate} baud`;
  const ci = CI_OF_BAUD_RATE.get(baudRate);
  if (ci === undefined) {
    throw new ConfigurationError(`Cannot ${what}: expected one of ${[...CI_OF_BAUD_RATE.keys()].join(", ")}`);
  }
  if (meter.address === BROADCAST) throw new ConfigurationError(`Cannot ${what}: no answer could prove it`);
  const before = link.baudRate;
  const [known] = await readout(link, meter, patience);
  if (baudRate === before) return; // it answers at that speed already
  await link.setBaudRate(baudRate); // whether the line can is known before the meter is told
  await link.setBaudRate(before);
  await sendUserData(link, meter, { ci, data: new Uint8Array(0), what }, patience);
  try {
    await link.setBaudRate(baudRate);
    const failure = await failureOf(link, meter, known, patience);
    if (failure === null) return;
    await link.setBaudRate(before);
    const stayed = await failureOf(link, meter, known, patience);
    if (stayed === null) throw notProven(what, `it stayed at ${before} baud`, failure);
    await comeBack(link, meter, { from: baudRate, to: before }, patience);
    const back = await failureOf(link, meter, known, patience);
    if (back === null) throw notProven(what, `it could not be read there and is back at ${before} baud`, failure);
    throw notProven(what, `it answers neither there nor at ${before} baud; scan all baud rates for it`, failure);
  } finally {
    await link.setBaudRate(before);
  }
}

/** Why the meter cannot be read at the speed of now, or null when it can. */
async function failureOf(
  link: LinkMaster,
  meter: BusAddress,
  known: Uint8Array | undefined,
  patience: Patience,
): Promise<MeterError | null> {
  try {
    const [there] = await readout(link, meter, patience);
    if (known === undefined || there === undefined) return null;
    // A meter without a header cannot say who it is; it answers at the address that was asked.
    if (sameMeter(known, known) && !sameMeter(known, there)) {
      return new MeterError("wrong_meter", `Cannot read meter ${meter.text}: another meter answers`);
    }
    return null;
  } catch (thrown) {
    if (thrown instanceof MeterError) return thrown;
    throw thrown;
  }
}

/** Tells the meter at the new speed to come back. It may hear and not be heard: its silence proves nothing. */
async function comeBack(
  link: LinkMaster,
  meter: BusAddress,
  { from, to }: { from: number; to: number },
  patience: Patience,
) {
  await link.setBaudRate(from);
  try {
    const ci = CI_OF_BAUD_RATE.get(to);
    if (ci !== undefined) await sendUserData(link, meter, { ci, data: new Uint8Array(0) }, patience);
  } catch (thrown) {
    if (!(thrown instanceof MeterError)) throw thrown;
  } finally {
    await link.setBaudRate(to);
  }
}

function notProven(what: string, now: string, cause: MeterError): MeterError {
  return new MeterError("not_proven", `Cannot ${what}: ${now}`, { cause });
}
