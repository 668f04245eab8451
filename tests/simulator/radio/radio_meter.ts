import { METER_KINDS } from "../kinds/mod.ts";
import { SimulatedMeter } from "../meter.ts";
import type { Ledger } from "../ledger.ts";
import { type Secrecy, wirelessFrames } from "./envelope.ts";
import type { AirMode, OnAir } from "./on_air.ts";

/** A meter that sends by itself. */
export interface RadioMeter {
  meter: SimulatedMeter;
  mode: AirMode;
  format: "A" | "B";
  secrecy: Secrecy;
  /** How strongly it comes in, in dBm. */
  rssi: number;
}

/** Kinds whose whole answer fits one telegram. */
const KINDS = METER_KINDS.filter(({ telegrams }) => telegrams.length === 1);
const SECRECY_MODES = [0, 5, 7] as const;

/**
 * Meters in earshot, the kinds and the ways of encryption in turn: the same meters for the same seed.
 *
 * @param modes the modes they send in, in turn.
 */
export function radioMeters(
  count: number,
  { seed = 1, now = Date.now(), modes = ["C", "T"] }: { seed?: number; now?: number; modes?: readonly AirMode[] } = {},
): RadioMeter[] {
  return Array.from({ length: count }, (_, index) => {
    const kind = KINDS[index % KINDS.length];
    const mode = modes[index % modes.length];
    if (kind === undefined || mode === undefined) throw new Error("Cannot simulate meters: there is no kind or mode");
    const identification = String(50_000_000 + (seed % 40_000) * 1_000 + index + 1);
    const { version, deviceTypeCode } = kind;
    const identity = { manufacturer: "SIM", identification, version, deviceTypeCode, primaryAddress: 0 };
    const secrecyMode = SECRECY_MODES[Math.floor(index / modes.length) % SECRECY_MODES.length] ?? 0;
    return {
      meter: new SimulatedMeter(identity, kind, { seed: seed * 1_000 + index, now }),
      mode,
      format: mode === "C" ? "B" : "A",
      secrecy: secrecyMode === 0 ? { mode: 0 } : { mode: secrecyMode, key: keyOf(identification) },
      rssi: -50 - index % 40,
    };
  });
}

/** The key of a simulated meter: its identification, four times. */
export function keyOf(identification: string): Uint8Array {
  return Uint8Array.fromHex(identification.repeat(4));
}

/** The meter's next telegram; the ledger has it before it is on the air. */
export function nextTelegram(
  { meter, mode, format, secrecy, rssi }: RadioMeter,
  { counter, now, ledger }: { counter: number; now: number; ledger: Pick<Ledger, "append"> },
): OnAir {
  const answer = meter.answer(now, counter);
  const [records] = answer.records;
  if (records === undefined) throw new Error("Cannot send: the meter has no telegram");
  const { accessNumber, registers, dates } = answer;
  const envelope = { accessNumber, messageCounter: counter, secrecy };
  const { plain, coded } = wirelessFrames(meter.identity, records, format, envelope);
  const time = new Date(now).toISOString();
  ledger.append({ type: "answer", counter, time, meter: meter.identity, registers, dates, frames: [plain.toHex()] });
  return { mode, format, plain, coded, rssi };
}
