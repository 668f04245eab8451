import { toHex } from "./hex.ts";

/** Application errors (EN 13757-3, table "Application error codes"). */
const APPLICATION_ERRORS = new Map<number, string>([
  [0x00, "an unspecified error"],
  [0x01, "an unimplemented CI field"],
  [0x02, "a buffer that was too long and was cut off"],
  [0x03, "too many records"],
  [0x04, "a premature end of a record"],
  [0x05, "more than 10 DIFEs"],
  [0x06, "more than 10 VIFEs"],
  [0x08, "an application too busy for a readout"],
  [0x09, "too many readouts"],
  [0x10, "an error of the application"],
  [0x11, "access denied"],
  [0x12, "an unknown application or command"],
  [0x13, "a missing or wrong parameter"],
  [0x14, "an unknown receiver"],
  [0x15, "a failed decryption"],
  [0x16, "an unsupported encryption"],
  [0x17, "an unsupported signature"],
  [0xf0, "an error of its maker's own"],
]);

/** What an application error code means, in words that go behind "the meter reports". */
export function applicationError(code: number | undefined): string {
  if (code === undefined) return "an error without a code";
  return APPLICATION_ERRORS.get(code) ?? `error ${code.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** What the status bytes of an alarm report say, in words that go behind "the meter reports". Their bits are the maker's. */
export function alarmStatus(status: Uint8Array): string {
  return status.length === 0 ? "an alarm without a status" : `the alarm status ${toHex(status)}`;
}
