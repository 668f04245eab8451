import { encodeRecord } from "@mbus-gateway/mbus";
import { ConfigurationError } from "@mbus-gateway/resource";
import { BROADCAST, type BusAddress, parseBusAddress, secondaryText } from "./bus_address.ts";
import type { LinkMaster } from "./link_master.ts";
import { FCB, isAck, short, SND_NKE, SND_UD, withData } from "./link_words.ts";
import { answered } from "./meter_advice.ts";
import { MeterError } from "./meter_error.ts";
import { type Patience, prepare, readout } from "./meter_readout.ts";
import { identityIn, sameMeter } from "./meter_identity.ts";

/** CI fields of what goes to a meter (EN 13757-3). */
const CI_APPLICATION_RESET = 0x50;
const CI_DATA_SEND = 0x51;
/** VIF of the primary address, and of a point in time (EN 13757-3, 6.4.2). */
const VIB_ADDRESS = "7A";
const VIB_TIME = "6D";

/**
 * Sends data to a meter. A repetition of the request is one to the meter too: it carries the same FCB. To p255 it is
 * said once, and nobody acknowledges.
 *
 * @param what the verb and its object, to finish "Cannot …".
 * @throws {MeterError} when the meter does not acknowledge.
 */
export async function sendUserData(
  link: LinkMaster,
  meter: BusAddress,
  { ci, data, what = `send to meter ${meter.text}` }: { ci: number; data: Uint8Array; what?: string },
  patience: Patience,
): Promise<void> {
  const request = withData(SND_UD | FCB, meter.address, ci, data);
  if (meter.address === BROADCAST) {
    await link.tell(short(SND_NKE, BROADCAST), patience.signal);
    return await link.tell(request, patience.signal);
  }
  // A late acknowledgement must not pass for this one's.
  await link.untilNothingIsLate(patience.signal);
  await prepare(link, meter, what, patience);
  await link.untilNothingIsLate(patience.signal);
  answered(what, "SND_UD", await link.request(request, { judge: isAck, ...patience }));
}

/** Makes the meter begin its application anew; with a sub-code, choose what its telegrams hold (EN 13757-3, 7.1). */
export async function applicationReset(
  link: LinkMaster,
  meter: BusAddress,
  subcode: number | undefined,
  patience: Patience,
): Promise<void> {
  const data = Uint8Array.from(subcode === undefined ? [] : [subcode]);
  await sendUserData(link, meter, { ci: CI_APPLICATION_RESET, data, what: `reset meter ${meter.text}` }, patience);
}

/** The date and time types that a meter's clock may take: F to the minute, I to the second. */
export type ClockType = "typeF" | "typeI";

/**
 * Sets a meter's clock.
 *
 * @param time local, ISO 8601 without zone: `2026-01-31T11:59`, seconds allowed. Type F has no seconds; they are cut off.
 * @throws {ConfigurationError} when that is no time.
 */
export async function setClock(
  link: LinkMaster,
  meter: BusAddress,
  { time, type = "typeF" }: { time: string; type?: ClockType },
  patience: Patience,
): Promise<void> {
  const what = `set the clock of meter ${meter.text}`;
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::(\d\d))?$/.exec(time);
  if (match === null) {
    throw new ConfigurationError(`Cannot ${what}: "${time}" is no local time, expected one such as 2026-01-31T11:59`);
  }
  const value = type === "typeF" ? match[1] ?? "" : `${match[1]}:${match[2] ?? "00"}`;
  const data = clockRecord(what, type, value);
  await sendUserData(link, meter, { ci: CI_DATA_SEND, data, what }, patience);
}

function clockRecord(what: string, type: ClockType, value: string): Uint8Array {
  try {
    return encodeRecord({ field: type, vib: VIB_TIME, value });
  } catch (cause) {
    throw new ConfigurationError(`Cannot ${what}: ${value} is no time that a meter can show`, { cause });
  }
}

/**
 * Gives a meter another primary address, and proves it by reading the meter there. Nothing is sent when another meter
 * answers there already.
 *
 * @throws {MeterError} `address_taken`; `not_proven` when the meter cannot be read at the new address.
 */
export async function setAddress(link: LinkMaster, meter: BusAddress, to: number, patience: Patience): Promise<void> {
  const what = `set the address of meter ${meter.text} to p${to}`;
  if (!Number.isInteger(to) || to < 0 || to > 250) {
    throw new ConfigurationError(`Cannot ${what}: expected an address from 0 to 250`);
  }
  if (meter.address === BROADCAST) throw new ConfigurationError(`Cannot ${what}: every meter would get it`);
  const target = parseBusAddress(`p${to}`);
  const [before] = await readout(link, meter, patience);
  const timeoutMs = patience.timeoutMs ?? link.timeoutMs; // who is slow is there all the same
  const ping = await link.request(short(SND_NKE, to), { judge: isAck, ...patience, timeoutMs, mayStaySilent: true });
  const somebody = ping.ok || ping.code !== "no_answer";
  if (somebody && !await isThere(link, target, before, patience)) {
    throw new MeterError(
      "address_taken",
      `Cannot ${what}: another meter answers there; scan the bus and choose an address that is free`,
    );
  }
  const data = encodeRecord({ field: "int8", vib: VIB_ADDRESS, value: to > 127 ? to - 256 : to });
  await sendUserData(link, meter, { ci: CI_DATA_SEND, data, what }, patience);
  if (await isThere(link, target, before, patience)) return;
  const who = identityIn(before);
  throw new MeterError(
    "not_proven",
    `Cannot ${what}: it acknowledged, and does not answer there; read it by its secondary address` +
      `${who === null ? "" : ` ${secondaryText(who)}`}, its address may be locked`,
  );
}

async function isThere(
  link: LinkMaster,
  target: BusAddress,
  before: Uint8Array | undefined,
  patience: Patience,
): Promise<boolean> {
  try {
    const [there] = await readout(link, target, patience);
    return sameMeter(before, there);
  } catch (thrown) {
    if (thrown instanceof MeterError) return false;
    throw thrown;
  }
}
