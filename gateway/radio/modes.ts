import { RADIO_MODES, type RadioMode } from "./receiver_protocol.ts";
import { type ReceiverName, RECEIVERS } from "./receivers/mod.ts";

/** The modes that a receiver listens for when none are named: C and T at once where it can, or else T. */
export function usualModes(receiver: ReceiverName): readonly RadioMode[] {
  const { modes }: { modes: readonly (readonly RadioMode[])[] } = RECEIVERS[receiver];
  return modes.find((known) => known.length > 1) ?? ["T"];
}

/** The modes in their usual order, each once; null where the receiver cannot listen for all of them at once. */
export function modesTogether(receiver: ReceiverName, wanted: readonly RadioMode[]): readonly RadioMode[] | null {
  const ordered = RADIO_MODES.filter((mode) => wanted.includes(mode));
  const { modes, start } = RECEIVERS[receiver];
  // A program that takes no commands hears what its own options say.
  if (start === null) return ordered;
  return modes.some((known) => known.join() === ordered.join()) ? ordered : null;
}

/** What a receiver can listen for, in words. */
export function modesText(receiver: ReceiverName): string {
  return RECEIVERS[receiver].modes.map((known) => known.join(" with ")).join(", or ");
}
