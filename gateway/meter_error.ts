/**
 * - `no_answer`: nothing came;
 * - `corrupt`: what came was no frame, a wrong checksum, half a frame, or a frame that does not answer the request;
 * - `wrong_meter`: another meter answered;
 * - `refused`: the meter answered with an application error;
 * - `too_many_frames`: the answer does not end;
 * - `address_taken`: another meter answers at the address that this one was to get;
 * - `not_proven`: it acknowledged a command, and does not show its effect.
 */
export type MeterErrorCode =
  | "no_answer"
  | "corrupt"
  | "wrong_meter"
  | "refused"
  | "too_many_frames"
  | "address_taken"
  | "not_proven";

/** One meter could not be read; the others can. */
export class MeterError extends Error {
  override name = "MeterError";

  constructor(readonly code: MeterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
