import { deviceTypeName, parseWirelessFrame } from "@mbus-gateway/mbus";
import type { HeardTelegram } from "./heard_telegram.ts";

/** The most values of a telegram that a line shows. */
const SHOWN = 4;

/**
 * A telegram as one line that a person reads: time, strength, meter, what it is, and its first values or why they
 * cannot be seen.
 */
export function heardLine(heard: HeardTelegram): string {
  const { manufacturer, identification, deviceTypeCode } = parseWirelessFrame(heard.frame);
  const strength = heard.rssi === null ? "-" : `${heard.rssi} dBm`;
  const meter = `${manufacturer} ${identification}`;
  const parts = [heard.readAt, strength.padStart(8), meter, deviceTypeName(deviceTypeCode), said(heard)];
  if (heard.repeated) parts.push("(repeated)");
  return parts.join("  ");
}

/** A telegram as an object for another program; values as `decode --format json` writes them. */
export function heardJson(heard: HeardTelegram): Record<string, unknown> {
  const { bus, readAt, address, rssi, repeated, frame, outcome } = heard;
  const { manufacturer, identification, version, deviceTypeCode } = parseWirelessFrame(frame);
  return {
    ...{ bus, readAt, address, manufacturer, identification, version, deviceTypeCode, rssi, repeated },
    frame: frame.toHex().toUpperCase(),
    telegram: outcome?.telegram ?? null,
    error: outcome?.error ?? null,
  };
}

function said({ outcome }: HeardTelegram): string {
  if (outcome === null) return "no readings";
  const { telegram, error } = outcome;
  if (telegram === null) {
    return error?.code === "key_missing" ? "encrypted: its key is not known" : error?.message ?? "";
  }
  const values = telegram.records.filter(({ value, kind }) => value !== null && kind !== "none");
  const shown = values.slice(0, SHOWN).map(({ quantity, value, unit }) => `${quantity} ${value} ${unit}`.trim());
  if (values.length > SHOWN) shown.push(`${values.length - SHOWN} more`);
  return shown.join(", ") || "no values";
}
