import { encodePayload, type FramesReadout } from "@mbus-gateway/wire";
import type { Ingest } from "../../../server/ingest/mod.ts";
import { EPOCH } from "../../fixtures/readouts.ts";
import { simulatedMeters } from "../../simulator/meters.ts";
import { encodeAnswer } from "../../simulator/telegram.ts";

/** Six simulated meters, one of each kind, that are read at the times one asks for, and taken in as from GW-0001. */
export function simulatedReadings(ingest: Ingest["ingest"], start: number) {
  const meters = simulatedMeters(6, { seed: 7, now: start });
  let seq = 0;
  return {
    /** Reads every meter once at each of the times, in milliseconds. */
    async readAt(times: number[]): Promise<void> {
      const readouts = times.flatMap((time) =>
        meters.map((meter): FramesReadout => ({
          seq: ++seq,
          bus: "main",
          address: `p${meter.identity.primaryAddress}`,
          readAt: new Date(time + meter.identity.primaryAddress).toISOString(),
          clock: "trusted",
          frames: encodeAnswer(meter.identity, meter.answer(time, seq)),
        }))
      );
      const sentAt = new Date(times.at(-1) ?? start).toISOString();
      const payload = encodePayload({ gateway: "GW-0001", epoch: EPOCH, sentAt, readouts });
      await ingest([{ origin: "mqtt", gateway: "GW-0001", payload }]);
    },
  };
}
