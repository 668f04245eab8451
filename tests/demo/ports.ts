import type { DemoArguments } from "./arguments.ts";

/** The ports of the demo, each known to have been free a moment ago. */
export interface DemoPorts {
  http: number;
  mqtt: number;
  mbus: number;
}

/**
 * Looks whether the ports are free, and finds some for those that are 0, before anything is started.
 *
 * @throws {Error} saying which is taken and how to choose another.
 */
export function findPorts({ httpPort, mqttPort, mbusPort }: DemoArguments): DemoPorts {
  // All are held until the last is found, so that no two are the same.
  using held = new DisposableStack();
  const find = (wanted: number, what: string, option: string) => {
    try {
      const listener = held.use(Deno.listen({ hostname: "127.0.0.1", port: wanted }));
      return (listener.addr as Deno.NetAddr).port;
    } catch (cause) {
      if (cause instanceof Deno.errors.AddrInUse) {
        throw new Error(`Cannot start demo: port ${wanted} for ${what} is taken; choose another with ${option} N`);
      }
      if (cause instanceof Deno.errors.PermissionDenied) {
        throw new Error(
          `Cannot start demo: port ${wanted} for ${what} is not allowed here; choose one with ${option} N`,
        );
      }
      throw cause;
    }
  };
  return {
    http: find(httpPort, "the page", "--http-port"),
    mqtt: find(mqttPort, "the MQTT broker", "--mqtt-port"),
    mbus: find(mbusPort, "the simulated M-Bus segment", "--mbus-port"),
  };
}
