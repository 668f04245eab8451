import type { DataRecord } from "./data_record.ts";
import type { Telegram } from "./telegram.ts";
import { TelegramError } from "./telegram_error.ts";

/** One record of a readout. */
export interface ReadoutRecord {
  /** Which of the readout's telegrams it is in, counted from 0; its offsets are those of that telegram. */
  telegram: number;
  /** The record itself. */
  record: DataRecord;
  /** The record's key, with "#1", "#2" … for the second and third record of the readout that has the same. */
  key: string;
}

/** All that a meter says in one readout, which may be several telegrams. */
export interface JoinedReadout {
  /** The telegrams in the order of the readout; a telegram that came twice is here once. */
  telegrams: readonly Telegram[];
  /** The records of all telegrams, in wire order. */
  records: readonly ReadoutRecord[];
  /** Whether the last telegram says that no more records follow. */
  complete: boolean;
}

/**
 * Joins the telegrams of one readout: all but the last end with 1F, "more records follow" (EN 13757-3). A telegram whose
 * bytes are those of the one before it is a repetition and not taken twice.
 *
 * @param telegrams in the order in which they came.
 * @throws {TelegramError} `readout` when there is no telegram, one is from another meter, or one comes after the last;
 * the offset is the telegram's place among them.
 *
 * @example
 * ```ts
 * import { decodeTelegram, fromHex, joinTelegrams } from "@mbus-gateway/mbus";
 * const frames = ["6807076808057801 1305 1F BD16", "6806066808057801 1306 9F16"];
 * const { records, complete } = joinTelegrams(frames.map((hex) => decodeTelegram(fromHex(hex))));
 * records.map(({ record }) => record.value); // ["0.005", "0.006"]
 * console.log(complete); // true
 * ```
 */
export function joinTelegrams(telegrams: readonly Telegram[]): JoinedReadout {
  const [first] = telegrams;
  if (first === undefined) throw new TelegramError("readout", "Cannot join readout: there is no telegram", 0);
  const joined: Telegram[] = [];
  const records: ReadoutRecord[] = [];
  const seen = new Map<string, number>();
  for (const [place, telegram] of telegrams.entries()) {
    const previous = joined.at(-1);
    if (previous?.hasBytesOf(telegram)) continue;
    if (previous?.moreRecordsFollow === false) refuse(place, "comes after one that says that no more records follow");
    if (meterOf(telegram) !== meterOf(first)) {
      refuse(place, `is from ${meterOf(telegram)}, the first one from ${meterOf(first)}`);
    }
    for (const record of telegram.records) records.push({ telegram: joined.length, record, key: keyOf(record, seen) });
    joined.push(telegram);
  }
  return { telegrams: joined, records, complete: joined.at(-1)?.moreRecordsFollow === false };
}

/** The n-th record with one key is always the same value of the meter: nothing but its place tells it apart. */
function keyOf({ key }: DataRecord, seen: Map<string, number>): string {
  const count = seen.get(key) ?? 0;
  seen.set(key, count + 1);
  return count === 0 ? key : `${key}#${count}`;
}

function meterOf({ manufacturer, identification, version, deviceTypeCode, address }: Telegram): string {
  if (identification === null) return address === null ? "a meter without address" : `address ${address}`;
  return `meter ${manufacturer ?? "?"} ${identification} version ${version ?? "?"} type ${deviceTypeCode ?? "?"}`;
}

function refuse(place: number, problem: string): never {
  throw new TelegramError("readout", `Cannot join readout: telegram ${place + 1} ${problem}`, place);
}
