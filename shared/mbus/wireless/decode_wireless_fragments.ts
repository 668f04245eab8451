import { concatBytes } from "../encode_record.ts";
import { decodeMessage, type DecodeWirelessOptions, readLowerLayers } from "./decode_wireless_telegram.ts";
import { refuseFrameToMeter } from "./frame.ts";
import type { FragmentationLayer } from "./fragmentation_layer.ts";
import { meterName } from "./meter_address.ts";
import { Passage } from "./passage.ts";
import type { WirelessTelegram } from "./wireless_telegram.ts";

interface Fragment {
  passage: Passage;
  layer: FragmentationLayer;
}

/**
 * Decodes a message that a meter sent in several frames (EN 13757-7, authentication and fragmentation layer), given in
 * any order.
 *
 * @param frames all fragments of one message of one meter, each a whole frame as for `decodeWirelessTelegram`.
 * @throws {TelegramError} as `decodeWirelessTelegram`; `truncated` where a fragment is missing, `length` where they are
 * no fragments of one message.
 */
export function decodeWirelessFragments(
  frames: readonly Uint8Array[],
  options: DecodeWirelessOptions = {},
): WirelessTelegram {
  const fragments = frames.map((frame) => readFragment(frame, options));
  fragments.sort((a, b) => a.layer.fragment - b.layer.fragment);
  const [first] = fragments;
  if (first === undefined) return readFragment(new Uint8Array(0), options).passage.fail("truncated", "no fragments", 0);
  expectWhole(fragments, first);
  const { passage } = first;
  passage.bytes = concatBytes([
    passage.bytes.subarray(0, passage.end),
    ...fragments.slice(1).map(({ passage: { bytes, at, end } }) => bytes.subarray(at, end)),
  ]);
  passage.end = passage.bytes.length;
  return decodeMessage(passage, merged(fragments), options);
}

function readFragment(frame: Uint8Array, { keys }: DecodeWirelessOptions): Fragment {
  const passage = new Passage(frame, keys);
  refuseFrameToMeter(passage.bytes);
  const layer = readLowerLayers(passage);
  if (layer === null || layer.fragment === 0) {
    return passage.fail("length", "it is no fragment of a message", passage.at);
  }
  return { passage, layer };
}

function expectWhole(fragments: readonly Fragment[], first: Fragment): void {
  const meter = meterName(first.passage.meter);
  fragments.forEach(({ passage, layer }, place) => {
    if (meterName(passage.meter) !== meter) passage.fail("length", `its fragments are of ${meter} and others`, 2);
    if (layer.fragment !== place + 1) passage.fail("truncated", `fragment ${place + 1} of ${meter} is missing`, 0);
    if (layer.moreFragments !== place + 1 < fragments.length) {
      passage.fail("truncated", `fragment ${place + 2} of ${meter} is missing, or stands behind the last one`, 0);
    }
  });
}

/** Control, counter and length stand in the first fragment, the authentication code in the last. */
function merged(fragments: readonly Fragment[]): FragmentationLayer {
  const layers = fragments.map(({ layer }) => layer);
  const find = <Key extends keyof FragmentationLayer>(key: Key) => layers.find((layer) => layer[key] !== null)?.[key];
  return {
    fragment: 0,
    moreFragments: false,
    messageControl: find("messageControl") ?? null,
    messageCounter: find("messageCounter") ?? null,
    mac: find("mac") ?? null,
    messageLength: find("messageLength") ?? null,
  };
}
