import { type MeterBus, meterBus, type MeterBusOptions } from "../../gateway/meter_bus.ts";
import { Segment, type SimulatedMeter, simulatedMeters, type SimulatedMetersOptions } from "../simulator/mod.ts";
import { noLedger, type VirtualLine, virtualLine, type VirtualLineOptions } from "../simulator/virtual_line.ts";

/** A master and its meters on a line whose time passes only while somebody waits. */
export interface VirtualBus {
  bus: MeterBus;
  line: VirtualLine;
  meters: SimulatedMeter[];
  segment: Segment;
}

export interface VirtualBusOptions extends VirtualLineOptions, Omit<SimulatedMetersOptions, "now"> {
  meters?: number;
  master?: MeterBusOptions;
}

export const NOON = Date.UTC(2026, 0, 31, 12);

export function virtualBus(options: VirtualBusOptions = {}): VirtualBus {
  const meters = simulatedMeters(options.meters ?? 6, { ...options, now: NOON });
  const segment = new Segment(meters, { ledger: noLedger(), now: () => NOON });
  const line = virtualLine(segment, options);
  const bus = meterBus(line, { baudRate: line.baudRate, elapsed: line.elapsed, ...options.master });
  return { bus, line, meters, segment };
}

/** The secondary address of a simulated meter, as a scan reports it. */
export function addressOf({ identity }: SimulatedMeter): string {
  const { identification, manufacturer, version, deviceTypeCode, fabricationNumber } = identity;
  const code = [...manufacturer].reduce((sum, letter) => sum * 32 + letter.charCodeAt(0) - 64, 0);
  const rest = Uint8Array.of(code & 0xff, code >> 8, version, deviceTypeCode).toHex().toUpperCase();
  return identification.toUpperCase() + rest + (fabricationNumber === undefined ? "" : `/${fabricationNumber}`);
}
