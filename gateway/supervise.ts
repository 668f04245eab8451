import type { Log } from "@mbus-gateway/resource";
import { systemClock, systemTimer } from "./clock.ts";
import { controlSocketPath } from "./control/control_path.ts";
import { controlServer } from "./control/control_server.ts";
import { runGateway } from "./mod.ts";
import { createReconfiguration } from "./reconfiguration.ts";
import { logsHandler } from "./requests/logs_handler.ts";
import { mqttRequests } from "./requests/mqtt_requests.ts";
import { requestMemory } from "./requests/request_memory.ts";
import { createRequests } from "./requests/requests.ts";
import { tunnelDesk } from "./requests/tunnel_handlers.ts";
import { NOTIFY_SOCKET_NAME, serviceManager, type Supervision } from "./service_manager.ts";

export interface SuperviseOptions {
  /** The configuration file. */
  path: string;
  /** Stops the gateway in order. */
  signal: AbortSignal;
  log: Log;
  /** Called when the reading begins, at each run. */
  onReady?: () => void;
  /** The service manager that started the process. */
  supervision?: Supervision | null;
  /** How long a configuration set from afar may take to prove itself. */
  trialMs?: number;
}

/**
 * Runs the gateway for as long as its process lives: what outlasts a change of its configuration is made here once (the
 * requests and who they come from, the tunnel), and {@linkcode runGateway} runs with one configuration after the other.
 *
 * @throws what {@linkcode runGateway} throws.
 */
export async function superviseGateway(options: SuperviseOptions): Promise<void> {
  const { path, signal, log, onReady, supervision = null, trialMs } = options;
  const reconfiguration = createReconfiguration({ path, log, trialMs });
  const [clock, timer] = [systemClock(), systemTimer];
  let { config } = reconfiguration.begin();
  const { gateway, dataFolder } = config;

  await Deno.mkdir(dataFolder, { recursive: true, mode: 0o700 });
  using manager = supervision && serviceManager(supervision, `${dataFolder}/${NOTIFY_SOCKET_NAME}`);
  signal.addEventListener("abort", () => void manager?.stopping(), { once: true });
  using memory = requestMemory(`${dataFolder}/requests.db`);
  const requests = createRequests({ gateway, memory, clock, log });
  const mqtt = mqttRequests({ gateway, requests, log });
  const onEnded = (reason: string) => mqtt.announce("tunnel/ended", { reason });
  await using tunnels = tunnelDesk({ config: () => config, clock, timer, log, onEnded });
  using _reconfiguration = requests.offer(reconfiguration.handlers);
  using _tunnels = requests.offer(tunnels.handlers);
  using _logs = requests.offer(logsHandler(log));
  await using stack = new AsyncDisposableStack();
  let listens = false;
  const listen = async () => {
    if (listens) return;
    listens = true;
    try {
      stack.use(await controlServer({ path: controlSocketPath(dataFolder), requests, log }));
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      // A path too long for a socket, a file system without them: no reason not to read meters.
      log.error("Cannot listen for the commands of this machine: they will find no gateway", { error });
    }
  };

  for (let first = true; !signal.aborted; first = false) {
    const run = reconfiguration.begin();
    config = run.config;
    try {
      await runGateway(config, {
        signal: AbortSignal.any([signal, run.over]),
        log,
        onReady: first ? onReady : undefined,
        onConnected: run.connected,
        witness: run.witness,
        readAtOnce: run.readAtOnce,
        connectAtOnce: run.connectAtOnce,
        onOpened: listen,
        manager,
        requests,
        mqttRequests: mqtt,
      });
      if (!run.over.aborted) return;
    } catch (thrown) {
      if (!reconfiguration.failed(thrown)) throw thrown;
    }
  }
}
