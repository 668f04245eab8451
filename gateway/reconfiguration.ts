import type { Log } from "@mbus-gateway/resource";
import * as v from "valibot";
import { BusWitness } from "./bus_witness.ts";
import { systemTimer, type Timer } from "./clock.ts";
import { type GatewayConfig, loadConfig, parseConfig } from "./config.ts";
import { keepTrial, putOnTrial, takeBackTrial } from "./config_pending.ts";
import { ConfigProof } from "./config_proof.ts";
import { gatewayFlags } from "./flags.ts";
import { missingPermissions } from "./missing_permissions.ts";
import { RequestError } from "./requests/request_error.ts";
import { handler, type Handlers } from "./requests/requests.ts";

/** One run of the gateway with one configuration. */
export interface Run {
  config: GatewayConfig;
  /** Aborts when the run is to end, because another configuration is to be tried or taken back. */
  over: AbortSignal;
  /** A configuration on trial proves itself by readings, also when the next of its schedule is far off. */
  readAtOnce: boolean;
  /** Likewise by a connection; and whoever asked for it is to hear how it ended. */
  connectAtOnce: boolean;
  /** The broker is connected. */
  connected(): void;
  /** Is told of the buses. */
  witness: BusWitness;
}

/** `config/get` and `config/set`, and what they need from the runs of the gateway. */
export interface Reconfiguration {
  readonly handlers: Handlers;
  /** The next run. */
  begin(): Run;
  /** A run failed. @returns whether that was a configuration on trial, which is taken back: then begin again. */
  failed(thrown: unknown): boolean;
}

export interface ReconfigurationOptions {
  /** The configuration file. */
  path: string;
  log: Log;
  timer?: Timer;
  env?: Record<string, string | undefined>;
  /** How long a configuration may take to prove itself. Default three minutes. */
  trialMs?: number;
}

interface Trial {
  proof: ConfigProof;
  /** Settles the answer to who asked. */
  settle: PromiseWithResolvers<{ applied: true }>;
  over: AbortController;
}

const TRIAL_MS = 180_000;
const MAX_CONFIG_CHARACTERS = 128 * 1024;

/**
 * Changes the configuration from afar, without losing the gateway: a new one must be right, and needs no rights that the
 * process was not given; it is written, with the one before it beside it, and tried; when the broker is connected and
 * every bus has shown that it works ({@linkcode ConfigProof}), it stays, else the one before comes back. A bus that was
 * known to give nothing before need not. A process that ends in between finds it at its next start
 * ({@linkcode settleTrial}).
 */
export function createReconfiguration(options: ReconfigurationOptions): Reconfiguration {
  const { path, log, timer = systemTimer, env, trialMs = TRIAL_MS } = options;
  let current = loadConfig(path, env);
  let trial: Trial | null = null;
  let run = new AbortController();
  /** The buses that gave nothing before the last trial. */
  let silent: string[] = [];
  let witness = witnessOf(current, null);
  /** Whether a trial has ended whose answer is still to be sent. */
  let hasAnswer = false;

  const restart = () => {
    run.abort(new DOMException("The configuration changes", "AbortError"));
  };
  const takeBack = (why: string) => {
    const ending = trial;
    if (ending === null) return;
    trial = null;
    hasAnswer = true;
    ending.over.abort();
    takeBackTrial(path);
    log.warn("The configuration on trial is taken back", { why });
    ending.settle.reject(
      new RequestError("reverted", `Cannot keep the configuration: ${why}; the one before it is in use again`),
    );
  };
  /** @param tried the trial that the run is; a run that is just ending proves nothing for the one that comes. */
  const shows = (tried: Trial | null, show: (proof: ConfigProof) => void) => {
    if (tried === null || tried !== trial) return;
    show(tried.proof);
    if (!tried.proof.isWhole) return;
    trial = null;
    tried.over.abort();
    keepTrial(path, `${current.dataFolder}/config.before.yaml`);
    log.info("The new configuration works, and stays");
    tried.settle.resolve({ applied: true });
  };
  function witnessOf(config: GatewayConfig, tried: Trial | null): BusWitness {
    return new BusWitness(config, silent, (bus) => shows(tried, (proof) => proof.works(bus)));
  }

  function check(text: string): GatewayConfig {
    let wanted: GatewayConfig;
    try {
      wanted = parseConfig(text, { path, env });
    } catch (thrown) {
      throw new RequestError("invalid", (thrown as Error).message);
    }
    for (const key of ["gateway", "dataFolder"] as const) {
      if (wanted[key] === current[key]) continue;
      throw new RequestError("invalid", `Cannot set configuration: ${key} cannot be changed from afar`);
    }
    if (!wanted.remoteConfiguration) {
      const why = "it would forbid its own correction; set remoteConfiguration: true";
      throw new RequestError("invalid", `Cannot set configuration: ${why}`);
    }
    const missing = missingPermissions(gatewayFlags(wanted, path));
    if (missing.length === 0) return wanted;
    throw new RequestError(
      "needs_restart",
      `Cannot set configuration: this process was not given the right to ${missing.join(", ")}; ` +
        "change the file on the device and start the gateway again",
    );
  }

  function begin(text: string): Promise<{ applied: true }> {
    const wanted = check(text);
    putOnTrial(path, text);
    silent = witness.silent();
    const began: Trial = {
      proof: new ConfigProof(wanted, silent),
      settle: Promise.withResolvers(),
      over: new AbortController(),
    };
    trial = began;
    timer.sleep(trialMs, began.over.signal).then(() => {
      takeBack(`${began.proof.lacks()} with it within ${trialMs / 1000} s`);
      restart();
    }, () => {});
    log.info("A new configuration is tried");
    restart();
    return began.settle.promise;
  }

  const handlers: Handlers = {
    "config/get": handler({}, () => Promise.resolve({ config: Deno.readTextFileSync(path) }), { harmless: true }),
    "config/set": handler(
      { config: v.pipe(v.string(), v.maxLength(MAX_CONFIG_CHARACTERS, "expected a shorter text")) },
      ({ config }) => {
        if (!current.remoteConfiguration) {
          const how = "set remoteConfiguration: true in the file on the device";
          throw new RequestError("not_enabled", `Cannot set configuration: this gateway does not allow it; ${how}`);
        }
        if (trial !== null) {
          throw new RequestError("busy", "Cannot set configuration: another is on trial; wait for it");
        }
        return begin(config);
      },
    ),
  };

  return {
    handlers,
    begin() {
      run = new AbortController();
      current = loadConfig(path, env);
      const tried = trial;
      witness = witnessOf(current, tried);
      const connectAtOnce = tried !== null || hasAnswer;
      hasAnswer = false;
      return {
        config: current,
        over: run.signal,
        readAtOnce: tried !== null,
        connectAtOnce,
        connected: () => shows(tried, (proof) => proof.connected()),
        witness,
      };
    },
    failed(thrown) {
      if (trial === null) return false;
      takeBack((thrown as Error).message);
      return true;
    },
  };
}
