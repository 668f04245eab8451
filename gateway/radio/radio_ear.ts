import { TelegramError } from "@mbus-gateway/mbus";
import type { Clock } from "../clock.ts";
import { lookAtFrame, type RadioFrame } from "./radio_frame.ts";
import type { HeardFrame } from "./receiver_protocol.ts";
import { Repeats } from "./repeats.ts";

/** A frame, when it came, and what can be seen of it. */
export interface Hearing extends HeardFrame {
  look: RadioFrame;
  readAt: string;
  clock: "trusted" | "untrusted";
  repeated: boolean;
}

/** Notes time, sender and repetition of what a receiver hears. */
export class RadioEar {
  readonly #repeats = new Repeats();

  constructor(private readonly clock: Clock, private readonly elapsed: () => number) {}

  /** @returns null for bytes that are no frame. */
  hearing(heard: HeardFrame): Hearing | null {
    const look = lookOrNull(heard.frame);
    if (look === null) return null;
    return {
      ...heard,
      look,
      readAt: this.clock.now().toISOString(),
      clock: this.clock.trusted() ? "trusted" : "untrusted",
      repeated: this.#repeats.isRepeat(look.sameness, this.elapsed()),
    };
  }
}

function lookOrNull(frame: Uint8Array): RadioFrame | null {
  try {
    return lookAtFrame(frame);
  } catch (thrown) {
    if (thrown instanceof TelegramError) return null;
    throw thrown;
  }
}
