import * as v from "valibot";
import type { RadioDesk } from "../radio/radio_desk.ts";
import { heardJson, heardLine } from "../radio/heard_text.ts";
import { handler, type Handlers } from "./requests.ts";

/** Nobody listens for longer at a time. */
const MOST_SECONDS = 3_600;

/** `listen`: tells each telegram that the wireless buses hear as progress, for as long as it is asked or until cancelled. */
export function radioHandlers(desk: RadioDesk): Handlers {
  const Seconds = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_SECONDS)), 60);
  return {
    listen: handler(
      { bus: v.optional(v.pipe(v.string(), v.maxLength(32))), seconds: Seconds },
      async ({ bus = null, seconds }, { signal, progress }) => {
        let heard = 0;
        const over = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)]);
        await desk.listen(bus, (telegram) => {
          heard++;
          progress({ ...heardJson(telegram), text: heardLine(telegram) });
        }, over);
        return { heard };
      },
      { harmless: true },
    ),
  };
}
