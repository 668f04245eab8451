import { encodeFrame, encodeVariableData } from "@mbus-gateway/mbus";
import type { MeterAnswer, MeterIdentity } from "./meter.ts";

/** RSP_UD (EN 13757-2, 5.1). */
const RESPOND_USER_DATA = 0x08;
/** Variable data with a long header (EN 13757-3, 4). */
const CI_LONG_HEADER = 0x72;
/** DIF that ends a telegram's records: more follow in the next one. */
const MORE_RECORDS_FOLLOW = 0x1f;

/**
 * The link frames of an answer, in order. Only the envelope is the project's own encoder's: the records were written
 * out by hand, so that encoder and decoder cannot agree on a wrong table.
 */
export function encodeAnswer(meter: MeterIdentity, answer: MeterAnswer): Uint8Array<ArrayBuffer>[] {
  const header = encodeVariableData({ ...meter, accessNumber: answer.accessNumber, records: [] });
  return answer.records.map((records, index) => {
    const last = index === answer.records.length - 1;
    const data = Uint8Array.from([...header, ...records, ...(last ? [] : [MORE_RECORDS_FOLLOW])]);
    return encodeFrame({
      type: "long",
      control: RESPOND_USER_DATA,
      address: meter.primaryAddress,
      ci: CI_LONG_HEADER,
      data,
    });
  });
}

/** Three letters of five bits each, A = 1 (EN 13757-3, 5.6), least significant byte first. */
export function manufacturerCode(letters: string): [number, number] {
  const code = [...letters].reduce((sum, letter) => sum * 32 + letter.charCodeAt(0) - 64, 0);
  return [code & 0xff, code >> 8];
}
