/** Why a telegram is refused; stable names that programs may compare. */
export type TelegramErrorCode =
  | "hex"
  | "start"
  | "stop"
  | "length"
  | "checksum"
  | "truncated"
  | "unsupported"
  | "application_error"
  | "alarm"
  | "key_missing"
  | "key_wrong"
  | "crc"
  | "readout"
  | "encode";

/**
 * Bytes that are no telegram, or one that cannot be decoded here. The message finishes "Cannot …"; `offset` is the
 * place in the bytes handed over, counted from 0, where the trouble was found (0 where it is the whole).
 *
 * @example
 * ```ts
 * import { parseFrame, TelegramError } from "@mbus-gateway/mbus";
 * try {
 *   parseFrame(new Uint8Array([0x10, 0x40, 0x05, 0x46, 0x16]));
 * } catch (error) {
 *   if (error instanceof TelegramError) console.log(error.code, error.offset); // "checksum" 3
 * }
 * ```
 */
export class TelegramError extends Error {
  /** Always "TelegramError". */
  override name = "TelegramError";

  /**
   * An error at a place.
   *
   * @param code the stable name of the trouble.
   * @param message a sentence that finishes "Cannot …".
   * @param offset where in the bytes, counted from 0.
   */
  constructor(
    /** The stable name of the trouble. */
    readonly code: TelegramErrorCode,
    message: string,
    /** Where in the bytes, counted from 0. */
    readonly offset: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
