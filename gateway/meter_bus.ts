import type { Log } from "@mbus-gateway/resource";
import { parseBusAddress } from "./bus_address.ts";
import type { ByteStream } from "./byte_stream.ts";
import type { BusCounts } from "./link_exchange.ts";
import { LinkMaster } from "./link_master.ts";
import { setBaudRate } from "./meter_baud_rate.ts";
import { applicationReset, type ClockType, sendUserData, setAddress, setClock } from "./meter_commands.ts";
import { type Conversations, readout } from "./meter_readout.ts";
import { NOBODY_PASSES, type Passage } from "./passage.ts";
import { scan } from "./scan/scan.ts";
import type { ScanOptions, ScanReport } from "./scan/scan_report.ts";
import { takingTurns } from "./taking_turns.ts";

export type { BusCounts } from "./link_exchange.ts";
export { MeterError, type MeterErrorCode } from "./meter_error.ts";
export type { FoundMeter, ScanEvent, ScanOptions, ScanReport } from "./scan/scan_report.ts";

/** How patient to be with one meter, in place of the bus's own time-out and retries. */
export interface MeterPatienceOptions {
  timeoutMs?: number;
  retries?: number;
}

/**
 * The master of one bus. Calls take turns. Each throws
 * - `MeterError` when this meter failed; the next one can do better;
 * - `TransportClosed` when the line is gone;
 * - `ConfigurationError` for an address or a value that is none ({@linkcode parseBusAddress});
 * - the signal's reason when it aborts.
 */
export interface MeterBus {
  /** Reads a meter: all telegrams of its answer as whole link frames, in order. */
  readMeter(address: string, signal?: AbortSignal, patience?: MeterPatienceOptions): Promise<Uint8Array[]>;
  /** Looks for meters in one of the two address spaces. While its `passage` is given, others have their turn. */
  scan(options: ScanOptions, signal?: AbortSignal): Promise<ScanReport>;
  /** Gives a meter the primary address `to`, 0 to 250, and proves it by reading it there. */
  setAddress(address: string, to: number, signal?: AbortSignal): Promise<void>;
  /**
   * Makes a meter speak at another speed, proves it by reading it there, and fetches it back where it cannot be read.
   * The line stays at its own speed.
   */
  setBaudRate(address: string, baudRate: number, signal?: AbortSignal): Promise<void>;
  /** Sets a meter's clock to a local time without zone, `2026-01-31T11:59`; as type F unless type I is asked for. */
  setClock(address: string, time: string, signal?: AbortSignal, type?: ClockType): Promise<void>;
  /** Makes a meter begin its application anew, with a sub-code of 0 to 255 where one is given. */
  applicationReset(address: string, subcode?: number, signal?: AbortSignal): Promise<void>;
  /** Sends any data with any CI field (SND_UD), and waits for the acknowledgement; to `p255` for none. */
  sendUserData(address: string, ci: number, data: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** What happened so far; the object stays the same and moves on. */
  readonly counts: Readonly<BusCounts>;
}

export interface MeterBusOptions {
  /** Bits a second of the line, behind a TCP converter too: time-outs follow from it. Default 2400. */
  baudRate?: number;
  /**
   * How long an answer may take to begin, in milliseconds; never less than the standard's 330 bit times and 50 ms.
   * Default 1,000: converters and networks add theirs, and some meters are slow. A scan, which mostly waits for nobody,
   * waits so long only where it is said.
   */
  timeoutMs?: number;
  /** How often a request is sent again when its answer is missing or unusable. Default 2. */
  retries?: number;
  /** The longest pause within a frame, in milliseconds. */
  gapMs?: number;
  /** A monotonic clock in milliseconds, the one that the line's reads wait by. Default the process's own. */
  elapsed?: () => number;
  log?: Log;
}

/**
 * The master of the bus behind a line. It owns the line while a call lasts; releasing the line stays the caller's.
 *
 * @example
 * ```ts ignore
 * await using line = await openTransport({ port: "tcp://192.0.2.7:10001", baudRate: 2400 });
 * const bus = meterBus(line, { baudRate: 2400 });
 * const frames = await bus.readMeter("p5");
 * ```
 */
export function meterBus(
  stream: ByteStream,
  { baudRate = 2400, timeoutMs, retries = 2, gapMs, elapsed, log }: MeterBusOptions = {},
): MeterBus {
  const link = new LinkMaster(stream, { baudRate, timeoutMs: timeoutMs ?? 1_000, retries, gapMs, elapsed, log });
  const known: Conversations = { firstTelegrams: new Map(), unsettled: new Set() };
  const inTurn = takingTurns();
  return {
    counts: link.counts,
    readMeter: (address, signal, patience) =>
      inTurn(() => readout(link, parseBusAddress(address), { ...patience, signal }, known)),
    scan: (options, signal) =>
      inTurn((outOfTurn) => {
        const { passage = NOBODY_PASSES } = options;
        const given: Passage = { isWanted: () => passage.isWanted(), give: () => outOfTurn(() => passage.give()) };
        return scan(link, { ...options, passage: given, timeoutMs }, signal);
      }),
    setAddress: (address, to, signal) => inTurn(() => setAddress(link, parseBusAddress(address), to, { signal })),
    setBaudRate: (address, baudRate, signal) =>
      inTurn(() => setBaudRate(link, parseBusAddress(address), baudRate, { signal })),
    setClock: (address, time, signal, type) =>
      inTurn(() => setClock(link, parseBusAddress(address), { time, type }, { signal })),
    applicationReset: (address, subcode, signal) =>
      inTurn(() => applicationReset(link, parseBusAddress(address), subcode, { signal })),
    sendUserData: (address, ci, data, signal) =>
      inTurn(() => sendUserData(link, parseBusAddress(address), { ci, data }, { signal })),
  };
}
