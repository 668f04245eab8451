import { assertEquals } from "@std/assert";
import { decodeTelegram } from "@mbus-gateway/mbus";
import { plainDecimal } from "./dial.ts";
import { simulatedMeters } from "./meters.ts";
import { encodeAnswer } from "./telegram.ts";

const NOON = Date.UTC(2026, 0, 31, 12);

for (const [index, { kind, identity }] of simulatedMeters(6, { now: NOON }).entries()) {
  Deno.test(`encodeAnswer() of a ${kind.name} meter is decoded to what its dials show`, () => {
    const meter = simulatedMeters(6, { now: NOON })[index];
    for (const hours of [0, 1, 7, 18, 24 * 40]) {
      const answer = meter?.answer(NOON + hours * 3_600_000, 1 + hours);
      const frames = answer === undefined ? [] : encodeAnswer(identity, answer);
      assertEquals(frames.length, kind.telegrams.length);
      for (const [position, frame] of frames.entries()) {
        const telegram = decodeTelegram(frame);
        const { manufacturer, identification, version, deviceTypeCode, address } = telegram;
        assertEquals(
          { manufacturer, identification, version, deviceTypeCode, primaryAddress: address },
          { ...identity },
        );
        assertEquals(telegram.moreRecordsFollow, position < frames.length - 1);
        assertEquals(
          telegram.records.filter((record) => record.kind === "number").map((record) => ({
            quantity: record.quantity,
            unit: record.unit,
            function: record.function,
            storageNumber: record.storageNumber,
            tariff: record.tariff,
            subunit: record.subunit,
            modifiers: [...record.modifiers],
            value: plainDecimal(record.value ?? "none"),
          })),
          answer?.registers.filter((dial) => dial.telegram === position).map((dial) => ({
            quantity: dial.quantity,
            unit: dial.unit,
            function: dial.function,
            storageNumber: dial.storageNumber,
            tariff: dial.tariff,
            subunit: dial.subunit,
            modifiers: dial.modifiers,
            value: plainDecimal(dial.value),
          })),
        );
        assertEquals(
          telegram.records.filter((record) => record.kind !== "number").map(({ value }) => value?.slice(0, 16)),
          answer?.dates.filter((date) => date.telegram === position).map(({ value }) => value),
        );
      }
    }
  });
}
