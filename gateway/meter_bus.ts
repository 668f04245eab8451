import { decodeTelegram, type Frame, TelegramError } from "@mbus-gateway/mbus";
import type { Log } from "@mbus-gateway/resource";
import { MAX_FRAMES } from "@mbus-gateway/wire";
import { applicationErrorText } from "./application_error.ts";
import { type BusAddress, parseBusAddress, SELECTED, selects } from "./bus_address.ts";
import type { ByteStream } from "./byte_stream.ts";
import { type BusCounts, type Exchange, isSame, LinkMaster, type Verdict } from "./link_master.ts";
import { MeterError } from "./meter_error.ts";

export type { BusCounts } from "./link_master.ts";
export { MeterError, type MeterErrorCode } from "./meter_error.ts";

/** C fields of the primary station (EN 13757-2). */
const SND_NKE = 0x40;
const SND_UD = 0x53;
/** REQ_UD2 with FCV set; the FCB is added. */
const REQ_UD2 = 0x5b;
const FCB = 0x20;
/** C field of RSP_UD, once ACD (bit 5) and DFC (bit 4) are masked. */
const RSP_UD = 0x08;

const CI_SELECT = 0x52;
const CI_APPLICATION_ERROR = 0x70;
const CI_VARIABLE_LONG_HEADER = 0x72;

/** The master of one bus. */
export interface MeterBus {
  /**
   * Reads a meter: all telegrams of its answer as whole link frames, in order. Calls take turns.
   *
   * @param address `p0` to `p250`, or 16 hexadecimal digits ({@linkcode parseBusAddress}).
   * @throws {MeterError} this meter could not be read; the next one can.
   * @throws {TransportClosed} the line is gone.
   * @throws the signal's reason when it aborts.
   */
  readMeter(address: string, signal?: AbortSignal): Promise<Uint8Array[]>;
  /** What happened so far; the object stays the same and moves on. */
  readonly counts: Readonly<BusCounts>;
}

export interface MeterBusOptions {
  /** Bits a second of the line, behind a TCP converter too: time-outs follow from it. Default 2400. */
  baudRate?: number;
  /**
   * How long an answer may take to begin, in milliseconds; never less than the standard's 330 bit times and 50 ms.
   * Default 1,000: converters and networks add theirs, and some meters are slow.
   */
  timeoutMs?: number;
  /** How often a request is sent again when its answer is missing or unusable. Default 2. */
  retries?: number;
  /** The longest pause within a frame, in milliseconds. */
  gapMs?: number;
  log?: Log;
}

/**
 * The master of the bus behind a line. It owns the line while a read lasts; releasing the line stays the caller's.
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
  { baudRate = 2400, timeoutMs = 1_000, retries = 2, gapMs, log }: MeterBusOptions = {},
): MeterBus {
  const link = new LinkMaster(stream, { baudRate, timeoutMs, retries, gapMs, log });
  let turn: Promise<unknown> = Promise.resolve();
  return {
    counts: link.counts,
    readMeter(address, signal) {
      const reading = turn.then(() => readMeter(link, parseBusAddress(address), signal));
      turn = reading.catch(() => {}); // its caller hears of it; the next in turn need not
      return reading;
    },
  };
}

async function readMeter(link: LinkMaster, meter: BusAddress, signal?: AbortSignal): Promise<Uint8Array[]> {
  if (meter.kind === "primary") {
    // SND_NKE clears the meter's memory of the last FCB: the next request with FCB set asks for its first telegram.
    answered(meter, "SND_NKE", await link.request(short(SND_NKE, meter.address), { judge: isAck, signal }));
    return await readTelegrams(link, meter, signal);
  }
  await deselect(link, signal);
  const selection: Frame = { type: "long", control: SND_UD, address: SELECTED, ci: CI_SELECT, data: meter.selection };
  // Selecting clears the FCB that the meter remembers for address 253 (EN 13757-3, 11.3).
  answered(meter, "selection", await link.request(selection, { judge: isAck, signal }));
  const frames = await readTelegrams(link, meter, signal);
  await deselect(link, signal);
  return frames;
}

/** Whoever is selected answers, and often nobody is. */
async function deselect(link: LinkMaster, signal?: AbortSignal): Promise<void> {
  await link.request(short(SND_NKE, SELECTED), { judge: isAck, signal, mayStaySilent: true });
}

/**
 * Telegram after telegram while the meter says that more records follow, the FCB toggled after each good one: toggled
 * asks for the next, unchanged for the same again (EN 13757-2).
 *
 * The last telegram can come once more after the FCB was toggled: as a late answer to a request that was repeated too
 * early, or from a meter that missed the toggling. A new telegram differs at least in its access number (EN 13757-3),
 * so the same bytes mean the same telegram. It is not taken twice: the next one is waited for and then asked for again
 * with the same, toggled FCB. A meter that goes on repeating cannot be read in full, and half a readout is none.
 */
async function readTelegrams(link: LinkMaster, meter: BusAddress, signal?: AbortSignal): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  // A wildcard selection is narrowed to the meter that answered first.
  let identity: Uint8Array | null = meter.kind === "secondary" ? meter.selection : null;
  let fcb = FCB;
  do {
    if (frames.length === MAX_FRAMES) {
      throw new MeterError("too_many_frames", `Cannot read meter ${meter.text}: no end after ${MAX_FRAMES} telegrams`);
    }
    const last = frames.at(-1);
    const judge = (frame: Frame, bytes: Uint8Array): Verdict => {
      if (!isResponse(frame)) return "unexpected";
      if (identity ? !isFromSelected(frame, identity) : frame.address !== meter.address) return "wrong_meter";
      return last && isSame(bytes, last) ? "repeated" : "answer";
    };
    const exchange = await link.request(short(REQ_UD2 | fcb, meter.address), { judge, signal });
    const { frame, bytes } = answered(meter, "REQ_UD2", exchange);
    refuseApplicationError(meter, frame);
    frames.push(bytes);
    identity &&= identityOf(frame) ?? identity;
    fcb ^= FCB;
  } while (saysMoreFollows(frames.at(-1)));
  return frames;
}

function short(control: number, address: number): Frame {
  return { type: "short", control, address };
}

function isAck(frame: Frame): Verdict {
  // A meter's telegram that comes now is a late one: it answers nobody's SND_NKE.
  return frame.type === "ack" ? "answer" : isResponse(frame) ? "wrong_meter" : "unexpected";
}

type ResponseFrame = Extract<Frame, { type: "control" | "long" }>;

function isResponse(frame: Frame): frame is ResponseFrame {
  return (frame.type === "long" || frame.type === "control") && (frame.control & 0xcf) === RSP_UD;
}

/**
 * Through address 253 the meter's own words are the only proof of who answers, so a telegram without an identity is
 * refused: it could be the late one of another meter. An application error is not a reading and needs no proof.
 */
function isFromSelected(frame: ResponseFrame, selection: Uint8Array): boolean {
  if (frame.ci === CI_APPLICATION_ERROR) return true;
  const identity = identityOf(frame);
  return identity !== null && selects(selection, identity);
}

/** The eight bytes of the meter's secondary address in the order of the wire, where its telegram carries them. */
function identityOf(frame: Frame): Uint8Array | null {
  if (frame.type !== "long" || frame.ci !== CI_VARIABLE_LONG_HEADER || frame.data.length < 8) return null;
  return frame.data.subarray(0, 8);
}

function refuseApplicationError(meter: BusAddress, frame: Frame) {
  if ((frame.type !== "long" && frame.type !== "control") || frame.ci !== CI_APPLICATION_ERROR) return;
  const text = applicationErrorText(frame.type === "long" ? frame.data : new Uint8Array(0));
  throw new MeterError("refused", `Cannot read meter ${meter.text}: it answers ${text}`);
}

/** A frame that this decoder cannot read is still a frame, and is kept; only that it is the last must be assumed. */
function saysMoreFollows(frame: Uint8Array | undefined): boolean {
  try {
    return frame !== undefined && decodeTelegram(frame).moreRecordsFollow;
  } catch (thrown) {
    if (thrown instanceof TelegramError) return false;
    throw thrown;
  }
}

const ADVICE = {
  no_answer: "check wiring, baud rate and address",
  corrupt: "check parity and baud rate, and whether two meters share the address",
  wrong_meter: "check whether another master or a slow meter talks in between",
} as const;

function answered(meter: BusAddress, request: string, exchange: Exchange): Extract<Exchange, { ok: true }> {
  if (exchange.ok) return exchange;
  const { code, reason, tries } = exchange;
  throw new MeterError(
    code,
    `Cannot read meter ${meter.text}: ${request} failed ${tries} times, ${reason}; ${ADVICE[code]}`,
  );
}
