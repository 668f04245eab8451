import { type DataRecord, decodeTelegram, type Telegram } from "@mbus-gateway/mbus";
import { simulatedFrames } from "./simulated_frames.ts";
import { medianMs, readable, report } from "./report.ts";

const ROUNDS = 31;
const REPEATS = 40;

/** From bytes to finished objects, every field read, against `JSON.stringify` of the same results. */
export function benchDecode(): Promise<void> {
  const frames = simulatedFrames(56);
  const plain = frames.map((frame) => plainTelegram(decodeTelegram(frame)));
  const records = plain.reduce((sum, telegram) => sum + telegram.records.length, 0);
  const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
  let sink = 0;
  const decodeMs = medianMs(ROUNDS, () => {
    for (let i = 0; i < REPEATS; i++) for (const frame of frames) sink += readAll(decodeTelegram(frame));
  });
  const stringifyMs = medianMs(ROUNDS, () => {
    for (let i = 0; i < REPEATS; i++) for (const telegram of plain) sink += JSON.stringify(telegram).length;
  });
  const toJsonMs = medianMs(ROUNDS, () => {
    for (let i = 0; i < REPEATS; i++) {
      for (const frame of frames) sink += JSON.stringify(plainTelegram(decodeTelegram(frame))).length;
    }
  });
  const count = frames.length * REPEATS;
  const micros = (ms: number) => `${readable(ms * 1000 / count)} µs`;
  report(
    "telegrams of the simulated meters",
    `${frames.length}, ${readable(bytes / frames.length)} bytes and ${readable(records / frames.length)} records each`,
  );
  report("bytes to objects, every field read, a telegram", micros(decodeMs));
  report("bytes to JSON text, a telegram", micros(toJsonMs));
  report("baseline: JSON.stringify of the same results, a telegram", micros(stringifyMs));
  report("ratio: bytes to objects / JSON.stringify", readable(decodeMs / stringifyMs));
  report("telegrams a second (records a second)", rate(decodeMs, count, records * REPEATS));
  if (sink === 0) throw new Error("Cannot bench: nothing was decoded");
  return Promise.resolve();
}

function rate(ms: number, telegrams: number, records: number): string {
  return `${readable(telegrams / ms * 1000)} (${readable(records / ms * 1000)})`;
}

/** Touches every field, so that nothing stays undone behind a getter. */
function readAll(telegram: Telegram): number {
  let sum = (telegram.identification?.length ?? 0) + (telegram.manufacturer?.length ?? 0) +
    (telegram.deviceType?.length ?? 0) + (telegram.version ?? 0) + (telegram.accessNumber ?? 0) +
    (telegram.status ?? 0) + (telegram.manufacturerData?.length ?? 0);
  for (const record of telegram.records) {
    sum += record.dib.length + record.vib.length + record.data.length + record.key.length + record.quantity.length +
      record.unit.length + record.modifiers.length + record.function.length + record.storageNumber + record.tariff +
      record.subunit + record.kind.length + (record.value?.length ?? 0) + (record.error?.length ?? 0);
  }
  return sum;
}

function plainTelegram(telegram: Telegram) {
  const { link, ci, identification, manufacturer, version, deviceTypeCode, deviceType, accessNumber, status } =
    telegram;
  const header = { link, ci, identification, manufacturer, version, deviceTypeCode, deviceType, accessNumber, status };
  const { manufacturerData, moreRecordsFollow } = telegram;
  return { ...header, manufacturerData, moreRecordsFollow, records: telegram.records.map(plainRecord) };
}

function plainRecord(record: DataRecord) {
  const { key, dib, vib, data, storageNumber, tariff, subunit, quantity, unit, value, kind, modifiers, error } = record;
  const address = { key, dib, vib, data, function: record.function, storageNumber, tariff, subunit };
  return { ...address, quantity, unit, value, kind, modifiers, error };
}
