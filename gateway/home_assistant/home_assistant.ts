import type { Log, MqttMessage, MqttSession } from "@mbus-gateway/resource";
import type { KeyLookup } from "@mbus-gateway/mbus";
import type { AvailabilityBoard, MeterAvailability } from "../availability.ts";
import type { Timer } from "../clock.ts";
import { condition } from "../condition.ts";
import type { SessionGuest } from "../session_guest.ts";
import type { TakenReadout } from "../spool.ts";
import { announcements, type HomeAssistantTopics, meterTopics } from "./announcement.ts";
import { type MeterValues, meterValues, stateText } from "./meter_values.ts";

export interface HomeAssistantOptions extends HomeAssistantTopics {
  keys: KeyLookup;
  board: Pick<AvailabilityBoard, "list" | "onChange">;
  /** After how many seconds without news a value of this meter counts as unknown; null for never. */
  expireAfterS: (bus: string, address: string) => number | null;
  timer: Timer;
  log: Log;
  random?: () => number;
}

/** Tells Home Assistant of the meters, over the connection to the broker while there is one. */
export interface HomeAssistant extends SessionGuest, Disposable {
  /** A readout was taken. Never throws for what it says. */
  took(readout: TakenReadout): void;
}

interface KnownMeter {
  id: string;
  state: string;
  /** The keys of its values. */
  says: string;
  /** By topic. */
  announced: Map<string, string>;
}

interface Outgoing {
  payload: string;
  retain: boolean;
}

/** Home Assistant asks everybody to tell again at once; each gateway waits up to so long. */
const BIRTH_JITTER_MS = 5_000;

/** Begins to tell; what is told before there is a connection goes out over the next one. */
export function homeAssistant(options: HomeAssistantOptions): HomeAssistant {
  return new Teller(options);
}

function newMeter(id: string): KnownMeter {
  return { id, state: "", says: "", announced: new Map() };
}

class Teller implements HomeAssistant {
  readonly #options: HomeAssistantOptions;
  readonly #birthTopic: string;
  /** By bus and address. */
  readonly #meters = new Map<string, KnownMeter>();
  /** What is to be published, by topic: of several the newest. */
  readonly #outgoing = new Map<string, Outgoing>();
  readonly #readable: ReturnType<typeof condition>;
  readonly #listening: Disposable;
  #woken = Promise.withResolvers<void>();
  #born = false;

  constructor(options: HomeAssistantOptions) {
    this.#options = options;
    this.#birthTopic = `${options.discoveryPrefix}/status`;
    this.#readable = condition(options.log, "All readouts can be told to Home Assistant again");
    this.#listening = options.board.onChange((meter) => this.#changed(meter));
  }

  took(readout: TakenReadout) {
    const { bus, address } = readout;
    const meter = meterValues(readout, this.#options.keys);
    if (meter === null) {
      return this.#readable.fails("Home Assistant is not told what cannot be decoded here", { bus, meter: address });
    }
    this.#readable.works();
    const place = `${bus}/${address}`;
    const before = this.#meters.get(place);
    // Another meter at this address is another device.
    const known = before?.id === meter.id ? before : newMeter(meter.id);
    this.#meters.set(place, known);
    this.#announce(known, meter);
    const topics = meterTopics(this.#options, meter.id);
    if (known !== before) {
      if (before !== undefined) this.#put(meterTopics(this.#options, before.id).availability, "offline", true);
      this.#put(topics.availability, "online", true);
    }
    known.state = stateText(meter);
    // Not retained: a value that came again from the broker would look as if it had just been read.
    this.#put(topics.state, known.state, false);
  }

  take({ topic, payload }: MqttMessage): boolean {
    if (topic !== this.#birthTopic) return false;
    this.#born ||= new TextDecoder().decode(payload) === "online";
    this.#woken.resolve();
    return true;
  }

  async attend(session: MqttSession, signal: AbortSignal) {
    const { timer, random = Math.random } = this.#options;
    await session.subscribe(this.#birthTopic, { qos: 0 });
    this.#putAll();
    const wake = () => this.#woken.resolve();
    signal.addEventListener("abort", wake);
    try {
      while (!signal.aborted) {
        this.#woken = Promise.withResolvers();
        if (this.#born) {
          await timer.sleep(random() * BIRTH_JITTER_MS, signal);
          this.#born = false;
          this.#putAll();
        }
        if (this.#outgoing.size === 0) await this.#woken.promise;
        else await this.#publish(session);
      }
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }

  [Symbol.dispose]() {
    this.#listening[Symbol.dispose]();
  }

  /** Once, and again when the meter says other things than before. */
  #announce(known: KnownMeter, meter: MeterValues) {
    const says = meter.values.map(({ key }) => key).join(" ");
    if (known.says === says) return;
    known.says = says;
    const expireAfterS = this.#options.expireAfterS(meter.bus, meter.address);
    for (const { topic, payload } of announcements(this.#options, meter, expireAfterS)) {
      if (known.announced.get(topic) === payload) continue;
      known.announced.set(topic, payload);
      this.#put(topic, payload, true);
    }
  }

  #changed({ bus, address, state }: MeterAvailability) {
    const known = this.#meters.get(`${bus}/${address}`);
    if (known !== undefined) this.#put(meterTopics(this.#options, known.id).availability, state, true);
  }

  /** All that is known, as if it were new. */
  #putAll() {
    const states = new Map(this.#options.board.list().map(({ bus, address, state }) => [`${bus}/${address}`, state]));
    for (const [place, { id, state, announced }] of this.#meters) {
      const topics = meterTopics(this.#options, id);
      for (const [topic, payload] of announced) this.#put(topic, payload, true);
      this.#put(topics.availability, states.get(place) ?? "online", true);
      this.#put(topics.state, state, false);
    }
  }

  #put(topic: string, payload: string, retain: boolean) {
    this.#outgoing.delete(topic);
    this.#outgoing.set(topic, { payload, retain });
    this.#woken.resolve();
  }

  /** In the order in which it came: a sensor is announced before its first value. */
  async #publish(session: MqttSession) {
    for (const [topic, { payload, retain }] of this.#outgoing) {
      this.#outgoing.delete(topic);
      await session.publish(topic, payload, { qos: retain ? 1 : 0, retain });
    }
  }
}
