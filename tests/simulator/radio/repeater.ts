import { encodeWirelessTelegram, parseWirelessFrame } from "@mbus-gateway/mbus";
import type { OnAir } from "./on_air.ts";

const SHORT_HEADER = 0x7a;
const HOP = 0x01;

/** The same telegram as a repeater sends it: the hop bit of the configuration word is set, where there is one to set. */
export function repeated(telegram: OnAir): OnAir {
  const { control, ci, payload, ...meter } = parseWirelessFrame(telegram.plain);
  if (ci !== SHORT_HEADER) return { ...telegram, rssi: telegram.rssi - 12 };
  const data = payload.slice();
  data[2] = (data[2] as number) | HOP;
  const { manufacturer, identification, version, deviceTypeCode } = meter;
  const again = { manufacturer, identification, version, deviceTypeCode, control, payload: { ci, data } };
  return {
    ...telegram,
    plain: encodeWirelessTelegram(again),
    coded: encodeWirelessTelegram({ ...again, format: telegram.format }),
    rssi: telegram.rssi - 12,
  };
}
