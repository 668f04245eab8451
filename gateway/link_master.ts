import { encodeFrame, type Frame } from "@mbus-gateway/mbus";
import { DeviceError, type Log, silentLog } from "@mbus-gateway/resource";
import type { ByteStream } from "./byte_stream.ts";
import { FrameReader, type FrameReaderOptions } from "./frame_reader.ts";
import { type BusCounts, type Exchange, type Failure, isSame, type RequestOptions } from "./link_exchange.ts";
import { longestThoughtMs, transmissionMs } from "./link_timing.ts";

export interface LinkMasterOptions extends FrameReaderOptions {
  /** How long an answer may take to begin, in milliseconds; never less than the standard grants the meter. */
  timeoutMs: number;
  /** How many times a request is sent again. */
  retries: number;
  log?: Log;
}

/** Converters that turn the line around make so many bytes of noise at most. */
const MOST_GLITCH_BYTES = 3;
/** How long USB adapters hold back what they received, in milliseconds. */
const ADAPTER_MS = 20;
/**
 * So long after a request that was given up its answer may still come, in milliseconds. An acknowledgement does not say
 * whose it is.
 */
const LATE_MS = 4_000;
/** The frames that may pass before the answer does: late ones and echoes. More is a line gone mad. */
const MOST_STRAY_FRAMES = 8;

/**
 * The primary station of an M-Bus link (EN 13757-2): sends a request and listens for the one frame that answers it.
 * A request is sent again unchanged, FCB included, so that a meter whose answer was lost repeats that answer.
 */
export class LinkMaster {
  readonly counts: BusCounts = {
    requests: 0,
    answers: 0,
    retries: 0,
    corrupt: 0,
    wrongMeter: 0,
    noAnswer: 0,
    repeated: 0,
  };
  readonly #stream: ByteStream;
  readonly #options: LinkMasterOptions;
  #reader: FrameReader;
  #baudRate: number;
  /** When the last request was given up, or its answer. */
  #givenUpAt = -Infinity;
  readonly #log: Log;

  constructor(stream: ByteStream, options: LinkMasterOptions) {
    this.#stream = stream;
    this.#reader = new FrameReader(stream, options);
    this.#options = options;
    this.#baudRate = options.baudRate;
    this.#log = options.log ?? silentLog;
  }

  /** Bits a second of the line now. */
  get baudRate(): number {
    return this.#baudRate;
  }

  /** {@linkcode LinkMasterOptions.timeoutMs}. */
  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** {@linkcode FrameReaderOptions.elapsed}. */
  elapsed(): number {
    return this.#reader.elapsed();
  }

  /**
   * Goes on at another speed.
   *
   * @throws {DeviceError} when the line cannot change it.
   * @throws {TransportClosed} when the line is gone.
   */
  async setBaudRate(baudRate: number): Promise<void> {
    if (baudRate === this.#baudRate) return;
    if (this.#stream.setBaudRate === undefined) {
      throw new DeviceError(
        `Cannot change the baud rate of ${this.#stream.name} to ${baudRate}: a converter behind a raw socket owns its ` +
          "own; set it there, or use rfc2217://host:port if the converter offers it",
      );
    }
    await this.#stream.setBaudRate(baudRate);
    this.#baudRate = baudRate;
    this.#reader = new FrameReader(this.#stream, { ...this.#options, baudRate });
  }

  /** Whether an answer that was given up may still come, and pass for another. */
  get mayHearLateAnswers(): boolean {
    return this.elapsed() < this.#givenUpAt + LATE_MS;
  }

  /** Says that answers to what was asked so far may come late, although nothing was given up. */
  expectLateAnswers() {
    this.#givenUpAt = this.elapsed();
  }

  /** Waits until no such answer can come any more; on a line that loses nothing there is none. */
  async untilNothingIsLate(signal?: AbortSignal): Promise<void> {
    await this.#reader.forgetUntil(this.#givenUpAt + LATE_MS, signal);
  }

  /**
   * Sends a request that nobody answers.
   *
   * @throws {TransportClosed} when the line is gone.
   */
  async tell(request: Frame, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.counts.requests++;
    await this.#reader.idle(signal);
    const bytes = encodeFrame(request);
    await this.#stream.write(bytes);
    // Meters are given the time of an answer, and so is the line to carry the request.
    await this.#reader.next(transmissionMs(bytes.length, this.#baudRate) + longestThoughtMs(this.#baudRate), signal);
  }

  /**
   * Sends a request until its answer comes or the retries are used up.
   *
   * @throws {TransportClosed} when the line is gone.
   * @throws the signal's reason when it aborts.
   */
  async request(request: Frame, options: RequestOptions): Promise<Exchange> {
    const { signal, mayStaySilent = false, timeoutMs, retries = this.#options.retries } = options;
    const bytes = encodeFrame(request);
    const standard = longestThoughtMs(this.#baudRate);
    const patience = timeoutMs ?? (mayStaySilent ? standard : this.#options.timeoutMs);
    const wait = transmissionMs(bytes.length, this.#baudRate) + Math.max(patience, standard);
    const tries = mayStaySilent ? 1 : 1 + retries;
    let failure: Failure = { code: "no_answer", reason: "nothing was sent" };
    for (let attempt = 1; attempt <= tries; attempt++) {
      signal?.throwIfAborted();
      if (attempt > 1) this.counts.retries++;
      this.counts.requests++;
      await this.#reader.idle(signal); // bytes that came before the request cannot answer it
      await this.#stream.write(bytes);
      const heard = await this.#listen(bytes, wait, options);
      if ("frame" in heard) {
        this.counts.answers++;
        return { ok: true, ...heard };
      }
      if (mayStaySilent && heard.code === "no_answer") return { ok: false, ...heard, tries: attempt };
      this.#givenUpAt = this.elapsed();
      if (heard.code === "no_answer") this.counts.noAnswer++;
      this.#log.debug("Request failed", { request: bytes.toHex(), attempt, code: heard.code, reason: heard.reason });
      // Silence says less than what was heard before it.
      if (heard.code !== "no_answer" || attempt === 1) failure = heard;
    }
    return { ok: false, ...failure, tries };
  }

  async #listen(
    request: Uint8Array,
    waitMs: number,
    { judge, signal, alone = false }: RequestOptions,
  ): Promise<{ frame: Frame; bytes: Uint8Array } | Failure> {
    const until = this.elapsed() + waitMs;
    let failure: Failure = { code: "no_answer", reason: `nothing came within ${Math.round(waitMs)} ms` };
    let echoExpected = true;
    for (let stray = 0; stray < MOST_STRAY_FRAMES; stray++) {
      const heard = await this.#reader.next(waitMs, signal);
      if (heard.type === "silence") return failure;
      if (heard.type === "garbage") {
        this.counts.corrupt++;
        return { code: "corrupt", reason: heard.reason };
      }
      const { frame, bytes, noise } = heard;
      // A half-duplex converter hears what it sends. No answer can look so: the C field of an answer has bit 6 clear.
      if (echoExpected && isSame(bytes, request)) {
        echoExpected = false;
        continue;
      }
      const verdict = judge(frame, bytes);
      if (alone && (verdict !== "answer" || noise > MOST_GLITCH_BYTES || !await this.#nobodyElse(until, signal))) {
        await this.#reader.untilSilent(signal);
        return { code: "corrupt", reason: "more than one answer came" };
      }
      switch (verdict) {
        case "answer":
          return { frame, bytes };
        case "wrong_meter":
          this.counts.wrongMeter++;
          failure = { code: "wrong_meter", reason: `another meter answered (${bytes.subarray(0, 19).toHex()}…)` };
          break;
        case "repeated":
          this.counts.repeated++;
          failure = { code: "corrupt", reason: "the meter sent its last telegram again instead of the next" };
          break;
        case "unexpected":
          this.counts.corrupt++;
          failure = { code: "corrupt", reason: `that is no answer to the request: ${bytes.subarray(0, 19).toHex()}` };
          break;
      }
    }
    // More than a late answer and an echo: the line is let run dry before it is spoken on.
    await this.#reader.untilSilent(signal);
    return failure;
  }

  /** Whether the line stays silent until no other meter can begin to answer. */
  async #nobodyElse(until: number, signal?: AbortSignal): Promise<boolean> {
    return await this.#reader.idle(signal, Math.max(ADAPTER_MS, until - this.elapsed())) === 0;
  }
}
