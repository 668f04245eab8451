import { certificateAdvice } from "./certificate_advice.ts";
import { describeError } from "./describe_error.ts";

/** An answer outside 200–299. */
export class HttpError extends Error {
  override name = "HttpError";
  constructor(
    message: string,
    /** The status code. */
    readonly status: number,
    /** The address without user, password and the values of its query. */
    readonly url: string,
    /** The first 1,024 characters of the answer. */
    readonly body: string,
  ) {
    super(message);
  }
}

/** What to do, by what the network says. */
const ADVICE: readonly (readonly [says: RegExp, advice: string])[] = [
  [/dns error/, "there is no such host; correct the name or the name service"],
  [/connection refused/i, "nobody listens there; start it or correct the address"],
];

/**
 * Why there was no answer, with what to do where that is known. `fetch` quotes the whole address in the cause of its
 * error, so neither that text nor the cause itself may travel on.
 */
export function networkReason(cause: unknown): string {
  const inner = cause instanceof TypeError && cause.cause !== undefined ? cause.cause : cause;
  const text = describeError(inner).replace(/^error sending request.*? for url \(.*?\): /, "");
  const advice = ADVICE.find(([says]) => says.test(text))?.[1];
  return advice ?? certificateAdvice(text) ?? text;
}
