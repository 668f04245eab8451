import { parseFrame } from "@mbus-gateway/mbus";
import { identityOf } from "./link_words.ts";

/** Whether two telegrams come from one meter, by what they say; without a header nothing is said, and nothing proven. */
export function sameMeter(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  const [one, other] = [identityIn(a), identityIn(b)];
  return one !== null && other !== null && one.every((byte, index) => byte === other[index]);
}

/** The eight bytes of the secondary address that a link frame carries. */
export function identityIn(bytes: Uint8Array | undefined): Uint8Array | null {
  const parsed = bytes === undefined ? null : parseFrame(bytes);
  return parsed === null || "needs" in parsed ? null : identityOf(parsed.frame);
}
