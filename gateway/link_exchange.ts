import type { Frame } from "@mbus-gateway/mbus";
import type { MeterErrorCode } from "./meter_error.ts";

/** What happened on a bus since it was opened. */
export interface BusCounts {
  /** Frames sent, repeats included. */
  requests: number;
  /** Requests that got their answer. */
  answers: number;
  /** Requests sent again. */
  retries: number;
  /** Answers that were no frame, had a wrong checksum, stopped short or did not answer the request. */
  corrupt: number;
  /** Answers of another meter than the one asked. */
  wrongMeter: number;
  /** Requests that nothing came after. */
  noAnswer: number;
  /** Telegrams that came a second time and were not taken twice. */
  repeated: number;
}

/** Whether a frame answers the request. All but `answer` is passed over, and the answer still waited for. */
export type Verdict = "answer" | "wrong_meter" | "unexpected" | "repeated";

/** What became of a request. */
export type Exchange =
  | { ok: true; frame: Frame; bytes: Uint8Array }
  | {
    ok: false;
    code: Extract<MeterErrorCode, "no_answer" | "corrupt" | "wrong_meter">;
    reason: string;
    tries: number;
  };

/** Why it did not succeed. */
export type Failure = Omit<Extract<Exchange, { ok: false }>, "ok" | "tries">;

export interface RequestOptions {
  /** Says of each frame that comes whether it is the answer. */
  judge: (frame: Frame, bytes: Uint8Array) => Verdict;
  signal?: AbortSignal;
  /** In place of the bus's own: how long an answer may take to begin, in milliseconds. */
  timeoutMs?: number;
  /** In place of the bus's own: how many times a request is sent again. */
  retries?: number;
  /** One try, no longer than `timeoutMs` or the standard's time; silence is fine and not counted. */
  mayStaySilent?: boolean;
  /** Only an answer counts that has the line to itself: what comes before or behind it is another meter's. */
  alone?: boolean;
}

/** Whether two frames have the same bytes. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
