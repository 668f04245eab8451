import { describeError, type Log, type MqttSession, silentLog } from "@mbus-gateway/resource";
import { type Confirmation, parseConfirmation, topic, toRanges, WireError } from "@mbus-gateway/wire";
import { boundedPublish } from "./bounded_publish.ts";
import { type Clock, systemClock, systemTimer, type Timer } from "./clock.ts";
import type { Counts } from "./counts.ts";
import { DELIVERY_LIMITS, DeliveryLedger, type DeliveryLimits } from "./delivery_ledger.ts";
import { encodeMessage, type Message, messageSource } from "./delivery_message.ts";
import type { Spool } from "./spool.ts";

export interface DeliveryOptions {
  spool: Spool;
  gateway: string;
  counts: Counts;
  clock?: Clock;
  timer?: Timer;
  random?: () => number;
  log?: Log;
  limits?: Partial<DeliveryLimits>;
  /** How long a broker may take to acknowledge a message before the connection is given up. */
  acknowledgeMs?: number;
  /** How long an orderly stop waits for what is on its way. */
  drainMs?: number;
}

export interface RunOptions {
  /** Ends when the spool is empty, or when for so long nothing new was sent and nothing was confirmed. */
  quietMs?: number;
}

/** The one sender of a gateway. What it knows of past attempts outlives its connections. */
export interface Delivery {
  /**
   * Sends over one session what the spool holds, as it comes, and again what stays unconfirmed. Subscribes to the
   * gateway's confirmations; the session's `onMessage` must hand them to `onConfirmation`.
   *
   * @param signal stops it in order: what is on its way gets a bounded time to be confirmed.
   * @returns why the session ended; null after an orderly end.
   * @throws {Error} when the spool fails (a full disk); it may be run again. Nothing else is fatal.
   */
  run(session: MqttSession, signal: AbortSignal, options?: RunOptions): Promise<Error | null>;
  /**
   * Takes in a confirmation, from MQTT or a heartbeat's answer: releases what is held, parks what is refused. One of
   * another gateway or epoch, or one that cannot be read, changes nothing.
   */
  onConfirmation(bytes: Uint8Array): void;
  /** Says that the spool has something new. */
  wake(): void;
}

/** Looks around at least this often, whatever the timers say. */
const LONGEST_PAUSE_MS = 60_000;

/**
 * The delivery of a spool to the servers behind a broker.
 *
 * @example
 * ```ts ignore
 * const delivery = createDelivery({ spool, gateway: "GW-0001", counts });
 * await using session = await mqttSession({ …, onMessage: ({ payload }) => delivery.onConfirmation(payload) });
 * const reason = await delivery.run(session, signal);
 * ```
 */
export function createDelivery(options: DeliveryOptions): Delivery {
  return new SpoolDelivery(options);
}

class SpoolDelivery implements Delivery {
  readonly #spool: Spool;
  readonly #gateway: string;
  readonly #counts: Counts;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #log: Log;
  readonly #newLedger: () => DeliveryLedger;
  /** What is known of the attempts in this epoch of the spool. */
  #epoch: string;
  #ledger: DeliveryLedger;
  #nextMessage: (now: number) => Message | null;
  readonly #acknowledgeMs: number;
  readonly #drainMs: number;
  #woken = Promise.withResolvers<void>();
  #running = false;
  /** A failure of the spool while a confirmation was taken in; `run` throws it. */
  #failure: { error: unknown } | null = null;
  /** When something new was last sent or anything confirmed. */
  #progressAt = 0;

  constructor(options: DeliveryOptions) {
    this.#spool = options.spool;
    this.#gateway = options.gateway;
    this.#counts = options.counts;
    this.#clock = options.clock ?? systemClock();
    this.#timer = options.timer ?? systemTimer;
    this.#log = options.log ?? silentLog;
    this.#newLedger = () => new DeliveryLedger({ ...DELIVERY_LIMITS, ...options.limits }, options.random);
    this.#epoch = this.#spool.epoch;
    this.#ledger = this.#newLedger();
    this.#nextMessage = messageSource(this.#spool, this.#ledger);
    this.#acknowledgeMs = options.acknowledgeMs ?? 60_000;
    this.#drainMs = options.drainMs ?? 2_000;
  }

  wake() {
    this.#woken.resolve();
  }

  async run(session: MqttSession, signal: AbortSignal, { quietMs }: RunOptions = {}): Promise<Error | null> {
    if (this.#running) throw new Error("Cannot deliver: this delivery runs over another session already");
    this.#running = true;
    const end: { reason?: Error | null } = {};
    const wake = () => this.wake();
    session.closed.then((reason) => {
      end.reason = reason;
      this.wake();
    });
    signal.addEventListener("abort", wake);
    try {
      const refused = await this.#subscribe(session);
      if (refused !== null) return end.reason ?? refused;
      this.#progressAt = this.#timer.elapsed();
      this.#ledger.begin(this.#progressAt);
      while (!signal.aborted) {
        this.#woken = Promise.withResolvers();
        this.#throwFailure();
        if (end.reason !== undefined) return end.reason;
        const now = this.#timer.elapsed();
        this.#noticeEpoch(now);
        this.#giveUp(this.#ledger.judge(now));
        const message = this.#nextMessage(now);
        if (message !== null) {
          const unusable = await this.#publish(session, message, signal);
          if (unusable !== null) return signal.aborted ? null : unusable;
          continue;
        }
        const quietAt = quietMs === undefined ? Infinity : this.#progressAt + quietMs;
        if (quietMs !== undefined && (now >= quietAt || this.#spool.status().depth === 0)) return null;
        await this.#pause(Math.min(this.#ledger.nextDue() ?? Infinity, quietAt) - now);
      }
      await this.#drain(end);
      return null;
    } finally {
      signal.removeEventListener("abort", wake);
      this.#running = false;
      this.#giveUp(this.#ledger.end());
    }
  }

  onConfirmation(bytes: Uint8Array) {
    const confirmation = this.#readConfirmation(bytes);
    if (confirmation === null) return;
    try {
      this.#apply(confirmation);
    } catch (error) {
      // It came in a callback of the session or of a heartbeat; the one to fail is the sender.
      this.#failure = { error };
    }
    this.wake();
  }

  /** A damaged spool goes on in a new file, whose numbers are other readouts: what was learnt of the old ones is void. */
  #noticeEpoch(now: number) {
    if (this.#epoch === this.#spool.epoch) return;
    this.#epoch = this.#spool.epoch;
    this.#ledger = this.#newLedger();
    this.#nextMessage = messageSource(this.#spool, this.#ledger);
    this.#ledger.begin(now);
  }

  /** Once: a disk that was full may have room when the next run begins. */
  #throwFailure() {
    if (this.#failure === null) return;
    const { error } = this.#failure;
    this.#failure = null;
    throw error;
  }

  #readConfirmation(bytes: Uint8Array): Confirmation | null {
    try {
      const confirmation = parseConfirmation(bytes);
      const { gateway, epoch } = confirmation;
      if (gateway === this.#gateway && epoch === this.#spool.epoch) return confirmation;
      this.#log.debug("A confirmation is for another gateway or an earlier spool", { gateway, epoch });
    } catch (thrown) {
      if (!(thrown instanceof WireError)) throw thrown;
      this.#log.warn("Cannot use a confirmation; what it confirmed will be sent again", { error: thrown });
    }
    return null;
  }

  #apply({ held, refused }: Confirmation) {
    const now = this.#timer.elapsed();
    const released = this.#spool.release(held);
    this.#counts.add("held", released);
    this.#ledger.confirmed(held, now);
    for (const { seq, code, reason } of refused) this.#spool.park(seq, code, reason);
    this.#ledger.forget(refused.map(({ seq }) => seq));
    if (released > 0 || refused.length > 0) this.#progressAt = now;
    const first = refused[0];
    if (first !== undefined) {
      const { code, reason } = first;
      const readouts = toRanges(refused.map(({ seq }) => seq));
      this.#log.warn("The server refuses readouts: they are parked", { readouts, code, reason });
    }
  }

  #giveUp(seqs: readonly number[]) {
    if (seqs.length === 0 || this.#epoch !== this.#spool.epoch) return;
    const reason = "It stayed unconfirmed, at last alone, while other readouts were confirmed";
    for (const seq of seqs) this.#spool.park(seq, "unconfirmed", reason);
    this.#log.error("Readouts stay unconfirmed while others are confirmed: they are parked", {
      readouts: toRanges(seqs),
    });
  }

  async #subscribe(session: MqttSession): Promise<Error | null> {
    try {
      await session.subscribe(topic.confirm(this.#gateway), { qos: 1 });
      return null;
    } catch (cause) {
      return new Error(`Cannot deliver: no confirmations can be heard (${describeError(cause)})`, { cause });
    }
  }

  /** @returns why the session is of no use any more, or null. */
  async #publish(session: MqttSession, message: Message, stop: AbortSignal): Promise<Error | null> {
    const seqs = message.readouts.map((readout) => readout.seq);
    const sentAt = this.#clock.now().toISOString();
    const { payload, contentType } = encodeMessage(message, {
      gateway: this.#gateway,
      epoch: this.#spool.epoch,
      sentAt,
    });
    const started = this.#timer.elapsed();
    this.#ledger.published(seqs, started);
    if (message.fresh) this.#progressAt = started;
    const bounds = { timer: this.#timer, acknowledgeMs: this.#acknowledgeMs, drainMs: this.#drainMs, stop };
    const outcome = await boundedPublish(session, topic.data(this.#gateway), payload, contentType, bounds);
    if (outcome.type === "overdue") return outcome.error;
    if (outcome.type === "ended") return null;
    if (outcome.type === "acknowledged") {
      this.#ledger.acknowledged(seqs, this.#timer.elapsed());
      this.#counts.add("sent");
    } else {
      this.#ledger.refused(seqs, this.#timer.elapsed());
      this.#log.warn("The broker refuses a message; it is sent again later", { error: outcome.error });
    }
    return null;
  }

  /** What is on its way gets a moment to be confirmed, unless the server is away. */
  async #drain(end: { reason?: Error | null }) {
    const until = this.#timer.elapsed() + this.#drainMs;
    for (;;) {
      this.#woken = Promise.withResolvers();
      this.#throwFailure();
      const left = until - this.#timer.elapsed();
      if (left <= 0 || end.reason !== undefined || this.#ledger.outstanding === 0 || this.#ledger.away) return;
      await this.#pause(left);
    }
  }

  /** Until something happens, or for so long. */
  async #pause(ms: number) {
    const over = new AbortController();
    const slept = this.#timer.sleep(Math.max(0, Math.min(LONGEST_PAUSE_MS, ms)), over.signal).catch(() => {});
    await Promise.race([this.#woken.promise, slept]);
    over.abort();
  }
}
