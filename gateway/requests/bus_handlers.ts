import { decodeTelegram, TelegramError, type TelegramJson } from "@mbus-gateway/mbus";
import * as v from "valibot";
import type { BusDesk } from "../bus_desk.ts";
import type { Clock } from "../clock.ts";
import { parseBusAddress } from "../bus_address.ts";
import type { BusConfig } from "../config.ts";
import type { MeterBus, MeterPatienceOptions } from "../meter_bus.ts";
import type { Passage } from "../passage.ts";
import type { ScanEvent } from "../scan/scan_report.ts";
import { handler, type Handlers, type RequestContext } from "./requests.ts";
import { RequestError } from "./request_error.ts";

/** A meter that was read on request: its telegrams, and what they say. Nothing of it goes into the spool. */
export interface ReadResult {
  bus: string;
  address: string;
  readAt: string;
  /** Each telegram as hex. */
  frames: string[];
  /** What each says; where one cannot be decoded, why. */
  telegrams: (TelegramJson | { error: string })[];
}

const Bus = v.optional(v.pipe(v.string(), v.maxLength(32)));
const Address = v.pipe(v.string(), v.minLength(1), v.maxLength(32));
const BaudRate = v.picklist([300, 600, 1200, 2400, 4800, 9600, 19200, 38400], "expected a baud rate from 300 to 38400");
const Byte = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255));
/** What a long frame has room for behind C, A and CI fields (EN 13757-2). */
const Hex = v.pipe(v.string(), v.regex(/^(?:[0-9A-Fa-f]{2}){0,252}$/, "expected at most 252 bytes as hex digits"));
const ALL_BAUD_RATES = BaudRate.options;

/** A scan tells of its progress so often; finds and collisions are told at once. */
const PROGRESS_MS = 500;

export interface BusHandlersOptions {
  desk: BusDesk;
  /** What the configuration says of the buses: a meter is read with the patience that it has there. */
  buses?: readonly Pick<BusConfig, "name" | "meters">[];
  clock: Clock;
  elapsed?: () => number;
}

/** What can be asked of the meters on the wires, beside the scheduled reading. */
export function busHandlers(
  { desk, buses = [], clock, elapsed = () => performance.now() }: BusHandlersOptions,
): Handlers {
  const onBus = <T>(
    named: string | undefined,
    { signal }: RequestContext,
    job: (master: MeterBus, signal: AbortSignal, on: { bus: string; passage: Passage }) => Promise<T>,
  ): Promise<T> => {
    const bus = named ?? onlyBus(desk);
    return desk.ask(bus, (master, signal, passage) => job(master, signal, { bus, passage }), signal);
  };

  return {
    read: handler(
      { bus: Bus, address: Address },
      ({ bus, address }, context) =>
        onBus(bus, context, async (master, signal, { bus }): Promise<ReadResult> => {
          const frames = await master.readMeter(address, signal, patienceWith(buses, bus, address));
          const readAt = clock.now().toISOString();
          return { bus, address, readAt, frames: frames.map((frame) => frame.toHex()), telegrams: frames.map(decoded) };
        }),
      { harmless: true },
    ),
    scan: handler(
      {
        bus: Bus,
        space: v.optional(v.picklist(["primary", "secondary"]), "primary"),
        baudRates: v.optional(v.union([v.literal("all"), v.array(BaudRate)])),
      },
      ({ bus, space, baudRates }, context) => {
        const rates = baudRates === "all" ? [...ALL_BAUD_RATES] : baudRates;
        const onEvent = seldom(context.progress, elapsed);
        return onBus(
          bus,
          context,
          (master, signal, { passage }) => master.scan({ space, baudRates: rates, onEvent, passage }, signal),
        );
      },
    ),
    "set-address": handler(
      { bus: Bus, address: Address, to: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(250)) },
      ({ bus, address, to }, context) =>
        onBus(bus, context, async (master, signal) => {
          await master.setAddress(address, to, signal);
          return { address: `p${to}` };
        }),
    ),
    "set-baud-rate": handler(
      { bus: Bus, address: Address, baudRate: BaudRate },
      ({ bus, address, baudRate }, context) =>
        onBus(bus, context, async (master, signal) => {
          await master.setBaudRate(address, baudRate, signal);
          return { address, baudRate };
        }),
    ),
    "set-clock": handler(
      {
        bus: Bus,
        address: Address,
        time: v.pipe(
          v.string(),
          v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?$/, "expected local time such as 2026-01-31T11:59"),
        ),
      },
      ({ bus, address, time }, context) =>
        onBus(bus, context, async (master, signal) => {
          await master.setClock(address, time, signal, time.length > 16 ? "typeI" : "typeF");
          return { address, time };
        }),
    ),
    send: handler(
      { bus: Bus, address: Address, ci: Byte, data: v.optional(Hex, "") },
      ({ bus, address, ci, data }, context) =>
        onBus(bus, context, async (master, signal) => {
          await master.sendUserData(address, ci, Uint8Array.fromHex(data), signal);
          return { address };
        }),
    ),
    "application-reset": handler(
      {
        bus: Bus,
        address: Address,
        subcode: v.optional(Byte),
      },
      ({ bus, address, subcode }, context) =>
        onBus(bus, context, async (master, signal) => {
          await master.applicationReset(address, subcode, signal);
          return { address };
        }),
    ),
  };
}

function onlyBus({ buses }: BusDesk): string {
  const [only, another] = buses;
  if (only !== undefined && another === undefined) return only;
  const which = only === undefined ? "this gateway has none" : `say which bus: ${buses.join(", ")}`;
  throw new RequestError("unknown_bus", `Cannot use the bus: ${which}`);
}

/** The meter's own time-out and retries, however its address is written. */
function patienceWith(
  buses: readonly Pick<BusConfig, "name" | "meters">[],
  bus: string,
  address: string,
): MeterPatienceOptions {
  const { text } = parseBusAddress(address);
  const { timeoutMs, retries } =
    buses.find(({ name }) => name === bus)?.meters.find((meter) => meter.address === text) ?? {};
  return { timeoutMs, retries };
}

function decoded(frame: Uint8Array): TelegramJson | { error: string } {
  try {
    return decodeTelegram(frame).toJSON();
  } catch (thrown) {
    if (thrown instanceof TelegramError) return { error: thrown.message };
    throw thrown;
  }
}

/** Passes on what is found, and of mere progress one in a while. */
function seldom(progress: (event: ScanEvent) => void, elapsed: () => number): (event: ScanEvent) => void {
  let last = -Infinity;
  return (event) => {
    if (event.type === "progress") {
      if (elapsed() - last < PROGRESS_MS) return;
      last = elapsed();
    }
    progress(event);
  };
}
