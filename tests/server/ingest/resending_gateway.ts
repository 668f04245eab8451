import { MqttError, type MqttSession, mqttSession, type MqttSessionOptions } from "@mbus-gateway/resource";
import { encodePayload, inRanges, parseConfirmation, type Readout, topic } from "@mbus-gateway/wire";
import { delay } from "@std/async";
import { heatMeterFrame, readout } from "../../fixtures/readouts.ts";

export interface ResendingGatewayOptions {
  gateway: string;
  mqtt: Pick<MqttSessionOptions, "url" | "ca" | "cert" | "key">;
  /** How many readouts it has. */
  readouts: number;
  readoutsPerMessage?: number;
  /** What it took under a sequence number; by default a heat meter's readouts, a second apart. */
  readoutOf?: (seq: number) => Readout;
}

/** A gateway as the contract has it: it sends a readout until the server has confirmed it, over any broken connection. */
export class ResendingGateway {
  readonly held = new Set<number>();
  readonly #options: Required<ResendingGatewayOptions>;
  readonly #epoch = crypto.randomUUID();

  constructor(options: ResendingGatewayOptions) {
    this.#options = { readoutsPerMessage: 5, readoutOf: (seq) => this.#heatMeter(seq), ...options };
  }

  /** What it will have stated when all is held: energies in Wh by sequence number. */
  energyOf(seq: number): number {
    return (seq + 1000) * 1000;
  }

  /** Sends until everything is held. */
  async sendAll(limitMs = 60_000): Promise<void> {
    const end = performance.now() + limitMs;
    while (this.held.size < this.#options.readouts) {
      if (performance.now() > end) throw new Error(`${this.#options.gateway}: ${this.held.size} held in vain`);
      try {
        await using session = await this.#connect();
        while (this.held.size < this.#options.readouts && performance.now() < end) {
          await this.#send(session);
          const before = this.held.size;
          // A confirmation on its way is worth a moment.
          for (let wait = 0; wait < 8 && this.held.size < this.#options.readouts; wait++) await delay(50);
          if (this.held.size === before) break;
        }
      } catch (error) {
        if (!(error instanceof MqttError)) throw error;
        await delay(100);
      }
    }
  }

  async #connect(): Promise<MqttSession> {
    const { gateway, mqtt } = this.#options;
    const session = await mqttSession({
      ...mqtt,
      clientId: gateway,
      onMessage: ({ payload }) => {
        const { held } = parseConfirmation(payload);
        for (let seq = 1; seq <= this.#options.readouts; seq++) if (inRanges(held, seq)) this.held.add(seq);
      },
    });
    await session.subscribe(topic.confirm(gateway));
    return session;
  }

  async #send(session: MqttSession) {
    const { gateway, readouts, readoutsPerMessage, readoutOf } = this.#options;
    const missing = Array.from({ length: readouts }, (_, n) => n + 1).filter((seq) => !this.held.has(seq));
    for (let at = 0; at < missing.length; at += readoutsPerMessage) {
      const part = missing.slice(at, at + readoutsPerMessage).map(readoutOf);
      const sentAt = "2026-01-31T12:00:00.000Z";
      const payload = encodePayload({ gateway, epoch: this.#epoch, sentAt, readouts: part });
      await session.publish(topic.data(gateway), payload);
    }
  }

  #heatMeter(seq: number): Readout {
    return readout({
      seq,
      readAt: new Date(Date.UTC(2026, 0, 1, 0, 0, seq)).toISOString(),
      frames: [heatMeterFrame({ energyKwh: seq + 1000, identification: idOf(this.#options.gateway) })],
    });
  }
}

/** A meter of its own for each gateway. */
function idOf(gateway: string): string {
  return gateway.replace(/\D/g, "").padStart(8, "0");
}
