import type { KeyLookup } from "@mbus-gateway/mbus";
import { TelegramDecoder } from "../decode_outcome.ts";
import type { HeardTelegram } from "./heard_telegram.ts";
import type { Hearing } from "./radio_ear.ts";
import { addressText } from "./radio_frame.ts";

/** Tells hearings as somebody who listens wants them: decoded. */
export class RadioTeller {
  readonly #decoder: TelegramDecoder;

  constructor(private readonly bus: string, keys?: KeyLookup) {
    this.#decoder = new TelegramDecoder(keys);
  }

  tell({ frame, rssi, look, readAt, repeated }: Hearing): HeardTelegram {
    const outcome = look.hasReadings ? this.#decoder.decode(frame) : null;
    return { bus: this.bus, readAt, address: addressText(look.senderBytes), frame, rssi, repeated, outcome };
  }
}
