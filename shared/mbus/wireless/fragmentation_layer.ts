import type { Passage } from "./passage.ts";

/** The CI field of the authentication and fragmentation layer (EN 13757-7, clause 6). */
export const FRAGMENTATION_LAYER = 0x90;

/** What the authentication and fragmentation layer of a message says; null for fields that it has not. */
export interface FragmentationLayer {
  /** Which fragment of the message this is, from 1; 0 for a message in one piece. */
  fragment: number;
  /** Whether more fragments of the message follow. */
  moreFragments: boolean;
  /** The message control field: what the message has, and how it is authenticated. */
  messageControl: number | null;
  /** The message counter, four bytes in wire order: keys are derived from it. */
  messageCounter: Uint8Array | null;
  /** The message authentication code. */
  mac: Uint8Array | null;
  /** How many bytes the whole message has, from the transport layer's CI field on; two bytes in wire order. */
  messageLength: Uint8Array | null;
}

/** Bits of the fragmentation control field (FCL): which fields this fragment has. */
const MORE_FRAGMENTS = 0x4000;
const HAS_MESSAGE_CONTROL = 0x2000;
const HAS_MESSAGE_LENGTH = 0x1000;
const HAS_MESSAGE_COUNTER = 0x0800;
const HAS_MAC = 0x0400;
const HAS_KEY_INFORMATION = 0x0200;
const FRAGMENT = 0x00ff;

/**
 * Reads the layer whose CI field has just been taken: AFLL, FCL, then as far as they are there MCL, KI, MCR, MAC, ML. The
 * MAC is as long as the layer's length leaves for it.
 */
export function readFragmentationLayer(passage: Passage): FragmentationLayer {
  const length = passage.bytes[passage.take(1, "the fragmentation layer")] as number;
  const start = passage.at;
  const control = passage.uint16(passage.take(2, "the fragmentation control field"));
  const has = (bit: number) => (control & bit) !== 0;
  const field = (bit: number, count: number, what: string) => {
    if (!has(bit)) return null;
    const at = passage.take(count, what);
    return passage.bytes.slice(at, at + count);
  };
  const messageControl = field(HAS_MESSAGE_CONTROL, 1, "the message control field")?.[0] ?? null;
  field(HAS_KEY_INFORMATION, 2, "the key information field");
  const messageCounter = field(HAS_MESSAGE_COUNTER, 4, "the message counter");
  const macLength = length - (passage.at - start) - (has(HAS_MESSAGE_LENGTH) ? 2 : 0);
  if (macLength < 0 || (has(HAS_MAC) ? macLength === 0 || macLength > 16 : macLength > 0)) {
    passage.fail("length", `the fragmentation layer has ${length} bytes, which do not fit its fields`, start - 1);
  }
  const mac = field(HAS_MAC, macLength, "the message authentication code");
  const messageLength = field(HAS_MESSAGE_LENGTH, 2, "the message length");
  return {
    fragment: control & FRAGMENT,
    moreFragments: has(MORE_FRAGMENTS),
    messageControl,
    messageCounter,
    mac,
    messageLength,
  };
}
