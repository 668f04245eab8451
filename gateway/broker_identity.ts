import type { Log, MqttSessionOptions } from "@mbus-gateway/resource";
import { refuseUnusableIdentity } from "@mbus-gateway/resource";
import type { Clock, Timer } from "./clock.ts";
import { condition } from "./condition.ts";
import type { GatewayConfig } from "./config.ts";
import { mqttIdentity } from "./credentials.ts";

/** Who we are to the broker, over the years: certificates are replaced on the disk while the gateway runs. */
export interface BrokerIdentity {
  /**
   * The files as they are, or, where they cannot be used, as they last could.
   *
   * @throws {ConfigurationError} when they never could.
   */
  current(): Promise<MqttSessionOptions>;
  /** A connection stands with what {@linkcode current} gave last. */
  worked(): void;
  /**
   * No connection came of what {@linkcode current} gave last.
   *
   * @returns whether the next {@linkcode current} gives those that worked before: new files may be in order and yet of
   * an authority that the broker does not know. Only if these connect are the new ones to blame.
   */
  goesBack(): boolean;
  /** Looks on until it is disposed. `replaced` aborts once usable files differ from what {@linkcode current} gave last. */
  watch(): Disposable & { readonly replaced: AbortSignal };
}

export interface BrokerIdentityOptions {
  config: Pick<GatewayConfig, "gateway" | "mqtt">;
  clock: Clock;
  timer: Timer;
  log: Log;
  /** Refuses files that cannot be used. */
  check?: typeof refuseUnusableIdentity;
}

/** The files are looked at this often: what was replaced is in use within a minute. */
const LOOK_MS = 20_000;

const REFUSED =
  "Cannot use the new files of the broker's connection: with them it does not let us in, with those before it " +
  "does; have the certificate issued by an authority that the broker knows";

/** Reads the files that the configuration names, whenever they are asked for. */
export function brokerIdentity(
  { config, clock, timer, log, check = refuseUnusableIdentity }: BrokerIdentityOptions,
): BrokerIdentity {
  const usable = condition(log, "The files of the broker's connection can be used again");
  const taken = condition(log, "The broker takes the new files of its connection");
  let used: MqttSessionOptions | null = null;
  /** With these a connection stood. */
  let proven: MqttSessionOptions | null = null;
  /** With these none came about. Whether they are to blame shows when the proven ones are tried instead. */
  let suspect: MqttSessionOptions | null = null;
  let refused: MqttSessionOptions | null = null;

  async function read(): Promise<MqttSessionOptions> {
    const identity = await mqttIdentity(config);
    check(identity, clock.trusted() ? clock.now() : null, proven?.cert);
    return identity;
  }

  /** What to use now: never worse than before. */
  async function newest(): Promise<MqttSessionOptions> {
    try {
      const identity = await read();
      usable.works();
      return identity;
    } catch (thrown) {
      if (used === null || thrown instanceof Deno.errors.NotCapable) throw thrown;
      usable.fails(thrown, { goesOn: "with those before" });
      return used;
    }
  }

  return {
    async current() {
      if (suspect !== null && proven !== null) return used = proven;
      // What was refused is tried again at each new connection: the broker may have learnt of it since.
      refused = null;
      return used = await newest();
    },
    worked() {
      if (suspect === null) taken.works();
      else taken.fails(new Error(REFUSED), { goesOn: "with those before" });
      proven = used;
      refused = suspect;
      suspect = null;
    },
    goesBack() {
      suspect = suspect === null && proven !== null && used !== null && !isSame(used, proven) ? used : null;
      return suspect !== null;
    },
    watch() {
      const over = new AbortController();
      const replaced = new AbortController();
      const look = async () => {
        for (;;) {
          await timer.sleep(LOOK_MS, over.signal);
          const found = await newest();
          if (!isSame(found, used) && !isSame(found, refused)) return replaced.abort();
        }
      };
      // What cannot be looked at now is met at the next connection.
      look().catch((error) => over.signal.aborted || log.debug("Cannot look at the broker's files", { error }));
      return { replaced: replaced.signal, [Symbol.dispose]: () => over.abort() };
    },
  };
}

function isSame(a: MqttSessionOptions, b: MqttSessionOptions | null): boolean {
  return b !== null && a.ca === b.ca && a.cert === b.cert && a.key === b.key && a.password === b.password;
}
