import { parseBusAddress, selects } from "../bus_address.ts";
import type { RadioFrame } from "./radio_frame.ts";

/** Any manufacturer, version and device type. */
const ANY = "FFFFFFFF";

/** Whether a frame is of a meter that is wanted. */
export type MeterList = (frame: RadioFrame) => boolean;

/**
 * A list of the meters to take.
 *
 * @param meters eight digits of an identification, or 16 of a secondary address, in which F and FF stand for anything;
 * without a list all are wanted.
 */
export function meterList(meters: readonly string[] | undefined): MeterList {
  if (meters === undefined) return () => true;
  const selections = meters.flatMap((meter) => {
    const address = parseBusAddress(meter.length === 8 ? meter + ANY : meter);
    return address.kind === "secondary" ? [address.selection] : [];
  });
  return ({ senderBytes, meterBytes }) =>
    selections.some((selection) =>
      selects(selection, senderBytes) || meterBytes !== null && selects(selection, meterBytes)
    );
}
