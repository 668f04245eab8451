import * as v from "valibot";
import { modesText, modesTogether } from "./modes.ts";
import { RADIO_MODES, type RadioMode } from "./receiver_protocol.ts";
import { STANDARD_INPUT } from "./receiver_line.ts";
import { RECEIVER_NAMES, RECEIVERS } from "./receivers/mod.ts";
import type { ReceiverName } from "./receivers/mod.ts";

/** A wireless bus: one receiver. */
export interface RadioBusConfig {
  name: string;
  receiver: ReceiverName;
  /** `tcp://host:port`, a device, or `stdin`. */
  port: string;
  /** The receiver's usual one when absent. */
  baudRate?: number;
  modes: readonly RadioMode[];
  /** Eight digits of an identification or 16 of a secondary address, in capitals; all meters when absent. */
  meters?: string[];
  /** At most one telegram of each kind of a meter in so long; null takes every one. */
  intervalMs: number | null;
  /** So long without any telegram, and the receiver is reset. */
  silentAfterMs: number;
  /** Keys for those who listen here; the server decodes what is sent with its own. */
  keysFile?: string;
}

const RADIO_BAUD_RATES = [9600, 19_200, 38_400, 57_600, 115_200] as const;
const METER_EXPECTED = "the 8 digits of a meter's identification in quotes, or the 16 digits of its secondary address";

/** The keys of a wireless bus that a wired one has not, or has otherwise. */
export const RadioEntries = {
  receiver: v.picklist(RECEIVER_NAMES, `one of ${RECEIVER_NAMES.join(", ")}`),
  baudRate: v.optional(v.picklist(RADIO_BAUD_RATES, `one of ${RADIO_BAUD_RATES.join(", ")}`)),
  modes: v.optional(
    v.pipe(
      v.array(v.picklist(RADIO_MODES, "C, T or S"), "a list of C, T and S"),
      v.minLength(1, "at least one of C, T and S"),
    ),
  ),
  meters: v.optional(v.pipe(
    v.array(
      v.pipe(
        v.string(METER_EXPECTED),
        v.regex(/^(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{16})$/, METER_EXPECTED),
        v.transform((meter) => meter.toUpperCase()),
      ),
      "a list of meters",
    ),
    v.minLength(1, "at least one meter, or no list for all"),
  )),
} as const;

/** The keys of a wireless bus as written that depend on one another. */
interface WrittenRadio {
  receiver: ReceiverName;
  port: string;
  modes?: RadioMode[];
}

/** What of a wireless bus is right key by key and still cannot work together. */
export function* radioContradictions(
  { receiver, port, modes }: WrittenRadio,
): Generator<{ key: "port" | "modes"; expected: string }> {
  if (port === STANDARD_INPUT && RECEIVERS[receiver].start !== null) {
    yield { key: "port", expected: `tcp://HOST:PORT or a device, as ${receiver} is given commands` };
  }
  if (modes !== undefined && modesTogether(receiver, modes) === null) {
    yield { key: "modes", expected: `what ${receiver} can listen for at once: ${modesText(receiver)}` };
  }
}
