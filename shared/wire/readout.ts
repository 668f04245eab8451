import * as v from "valibot";
import { Instant, Sequence } from "./identifier.ts";

/** The most telegrams one readout may have; a meter that never ends its answer is cut off there. */
export const MAX_FRAMES = 64;
/** The most bytes of one frame; a wired long frame has at most 261. */
export const MAX_FRAME_BYTES = 2048;
/** The most flags of one readout. */
export const MAX_FLAGS = 8;

const Frame = v.pipe(
  v.string(),
  v.maxLength(2 * MAX_FRAME_BYTES),
  v.regex(/^(?:[0-9A-Fa-f]{2})+$/, "expected a frame as hexadecimal bytes"),
  v.transform((hex): Uint8Array => Uint8Array.fromHex(hex)),
);

/** Who a meter says it is; from its telegram, or stated by a third-party gateway. */
export const MeterIdentity = v.object({
  manufacturer: v.pipe(v.string(), v.regex(/^[A-Z]{3}$/, "expected three capital letters")),
  identification: v.pipe(v.string(), v.regex(/^[0-9A-F]{8}$/, "expected eight hexadecimal digits")),
  version: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255)),
  deviceTypeCode: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255)),
});
export type MeterIdentity = v.InferOutput<typeof MeterIdentity>;

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** One value of a third-party gateway, which keeps the telegram to itself. */
export const StatedValue = v.object({
  quantity: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,63}$/)),
  unit: v.pipe(v.string(), v.maxLength(16)),
  value: v.pipe(v.string(), v.regex(/^-?\d{1,40}(?:\.\d{1,40})?$/, "expected an exact decimal as text")),
  function: v.optional(v.picklist(["instantaneous", "maximum", "minimum", "error"]), "instantaneous"),
  storageNumber: v.optional(Count, 0),
  tariff: v.optional(Count, 0),
  subunit: v.optional(Count, 0),
  modifiers: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(16)), []),
});
export type StatedValue = v.InferOutput<typeof StatedValue>;

const common = {
  seq: Sequence,
  bus: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  address: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  /** The gateway's clock when the last byte came; it never changes once sent. */
  readAt: Instant,
  clock: v.picklist(["trusted", "untrusted"]),
  /** The time that a clock untrusted at `readAt` turned out to have been. */
  correctedReadAt: v.optional(Instant),
  /** How strongly the radio telegram came in, in dBm; absent on a wire. */
  rssi: v.optional(v.pipe(v.number(), v.integer(), v.minValue(-150), v.maxValue(0))),
  /** What the gateway noticed about the readout, such as `implausible_jump`; nothing is dropped for it. */
  flags: v.optional(v.pipe(v.array(v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,31}$/))), v.maxLength(MAX_FLAGS))),
};

/** All telegrams of one meter's answer in order, as they came from the wire. */
export const FramesReadout = v.object({
  ...common,
  frames: v.pipe(v.array(Frame), v.minLength(1), v.maxLength(MAX_FRAMES)),
});
export type FramesReadout = v.InferOutput<typeof FramesReadout>;

/** The values of one meter from a gateway that keeps no frames. */
export const ValuesReadout = v.object({
  ...common,
  meter: MeterIdentity,
  values: v.pipe(v.array(StatedValue), v.minLength(1), v.maxLength(1024)),
});
export type ValuesReadout = v.InferOutput<typeof ValuesReadout>;

/** One meter's answer: numbered by the spool, never renumbered. */
export type Readout = FramesReadout | ValuesReadout;
