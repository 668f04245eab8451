import type { Frame } from "@mbus-gateway/mbus";
import { ConfigurationError } from "@mbus-gateway/resource";
import { MAX_FRAMES } from "@mbus-gateway/wire";
import { applicationErrorText } from "./application_error.ts";
import { BROADCAST, type BusAddress, SELECTED, selects } from "./bus_address.ts";
import { isSame, type RequestOptions, type Verdict } from "./link_exchange.ts";
import type { LinkMaster } from "./link_master.ts";
import {
  CI_APPLICATION_ERROR,
  FCB,
  identityOf,
  isAck,
  isResponse,
  REQ_UD2,
  type ResponseFrame,
  short,
  SND_NKE,
} from "./link_words.ts";
import { answered } from "./meter_advice.ts";
import { MeterError } from "./meter_error.ts";
import { decodedOrNull, fabricationNumberIn } from "./meter_identity.ts";
import { deselect, letGo, selectionRequest } from "./selection.ts";

/** How patient to be with one meter; what is absent is the bus's own. */
export type Patience = Pick<RequestOptions, "timeoutMs" | "retries" | "signal">;

/** What is known of each meter's side of the conversation, by its address as it is asked for. */
export interface Conversations {
  /** The telegram that its last answer began with. */
  firstTelegrams: Map<string, Uint8Array>;
  /** Those that were asked and did not answer in full: they may have an answer ready that never came. */
  unsettled: Set<string>;
}

/**
 * All telegrams of a meter's answer as whole link frames, in order.
 *
 * @throws {MeterError} this meter could not be read.
 * @throws {ConfigurationError} for the address that nobody answers.
 */
export async function readout(
  link: LinkMaster,
  meter: BusAddress,
  patience: Patience,
  known: Conversations = { firstTelegrams: new Map(), unsettled: new Set() },
): Promise<Uint8Array[]> {
  const what = `read meter ${meter.text}`;
  if (meter.address === BROADCAST) {
    throw new ConfigurationError(
      `Cannot ${what}: every meter hears p255 and none answers; ask each by its own address`,
    );
  }
  // Its old answer must not come for the new one because another's late acknowledgement passes for its own.
  if (known.unsettled.has(meter.text)) await link.untilNothingIsLate(patience.signal);
  await prepare(link, meter, what, patience);
  known.unsettled.add(meter.text);
  const frames = await readTelegrams(link, meter, patience, known.firstTelegrams);
  known.unsettled.delete(meter.text);
  if (meter.kind === "secondary") await letGo(link, patience.signal);
  return frames;
}

/**
 * Makes the meter listen, and forget the last FCB: what comes next with FCB set is new to it.
 *
 * @param what to finish "Cannot …" with, when it does not acknowledge.
 * @throws {MeterError} when it does not.
 */
export async function prepare(link: LinkMaster, meter: BusAddress, what: string, patience: Patience): Promise<void> {
  if (meter.kind === "primary" && meter.address === SELECTED) return; // SND_NKE would let go of who is selected
  if (meter.kind === "primary") {
    answered(what, "SND_NKE", await link.request(short(SND_NKE, meter.address), { judge: isAck, ...patience }));
    return;
  }
  await deselect(link, patience.signal);
  const selection = selectionRequest(meter.selection, meter.fabricationNumber);
  answered(what, "selection", await link.request(selection, { judge: isAck, ...patience }));
}

/**
 * Telegram after telegram while the meter says that more records follow, the FCB toggled after each good one: toggled
 * asks for the next, unchanged for the same again (EN 13757-2).
 *
 * The last telegram can come once more after the FCB was toggled: as a late answer to a request that was repeated too
 * early, or from a meter that missed the toggling. A new telegram differs at least in its access number (EN 13757-3),
 * so the same bytes mean the same telegram. It is not taken twice: the next one is waited for and then asked for again
 * with the same, toggled FCB. A meter that goes on repeating cannot be read in full, and half a readout is none.
 *
 * A readout that begins with the very telegram of the one before may be an old answer once more: of a meter that missed
 * being reset, while a late acknowledgement of another passed for its own. Where late answers are about, it is reset and
 * asked anew; what it then says again is what it has to say.
 */
async function readTelegrams(
  link: LinkMaster,
  meter: BusAddress,
  patience: Patience,
  firstTelegrams: Map<string, Uint8Array>,
): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  // A wildcard selection is narrowed to the meter that answered first, and so is an address that many hear.
  let identity: Uint8Array | null = meter.kind === "secondary" ? meter.selection : null;
  let speaker: number | null = meter.address < SELECTED ? meter.address : null;
  let fcb = FCB;
  let askedAnew = false;
  while (frames.length === 0 || saysMoreFollows(frames.at(-1))) {
    if (frames.length === MAX_FRAMES) {
      throw new MeterError("too_many_frames", `Cannot read meter ${meter.text}: no end after ${MAX_FRAMES} telegrams`);
    }
    const last = frames.at(-1);
    const judge = (frame: Frame, bytes: Uint8Array): Verdict => {
      if (!isResponse(frame)) return "unexpected";
      if (identity ? !isFromSelected(frame, identity) : frame.address !== (speaker ?? frame.address)) {
        return "wrong_meter";
      }
      if (isAnothersFabrication(meter, bytes)) return "wrong_meter";
      return last && isSame(bytes, last) ? "repeated" : "answer";
    };
    const exchange = await link.request(short(REQ_UD2 | fcb, meter.address), { judge, ...patience });
    const { frame, bytes } = answered(`read meter ${meter.text}`, "REQ_UD2", exchange);
    refuseApplicationError(meter, frame);
    if (frames.length === 0) {
      const old = firstTelegrams.get(meter.text);
      firstTelegrams.set(meter.text, bytes);
      if (old !== undefined && !askedAnew && isSame(bytes, old) && link.mayHearLateAnswers) {
        askedAnew = true;
        link.counts.repeated++;
        await link.untilNothingIsLate(patience.signal);
        await prepare(link, meter, `read meter ${meter.text}`, patience);
        continue;
      }
    }
    frames.push(bytes);
    identity &&= identityOf(frame) ?? identity;
    if (isResponse(frame)) speaker = frame.address;
    fcb ^= FCB;
  }
  return frames;
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

/** Meters that share the whole address are told apart by their fabrication number, where their telegram states it. */
function isAnothersFabrication(meter: BusAddress, telegram: Uint8Array): boolean {
  if (meter.kind === "primary" || meter.fabricationNumber === null) return false;
  const stated = fabricationNumberIn(telegram);
  if (stated === null) return false;
  const asked = meter.fabricationNumber.slice().reverse().toHex();
  return [...asked].some((digit, index) => digit !== "f" && digit !== stated[index]);
}

function refuseApplicationError(meter: BusAddress, frame: Frame) {
  if ((frame.type !== "long" && frame.type !== "control") || frame.ci !== CI_APPLICATION_ERROR) return;
  const text = applicationErrorText(frame.type === "long" ? frame.data : new Uint8Array(0));
  throw new MeterError("refused", `Cannot read meter ${meter.text}: it answers ${text}`);
}

/** A frame that this decoder cannot read is still a frame, and is kept; only that it is the last must be assumed. */
function saysMoreFollows(frame: Uint8Array | undefined): boolean {
  return frame !== undefined && decodedOrNull(frame)?.moreRecordsFollow === true;
}
