import { ConfigurationError } from "@mbus-gateway/resource";

/** Where a gateway listens for the commands of its own machine, below its data folder. */
export function controlSocketPath(dataFolder: string): string {
  return `${dataFolder}/control.sock`;
}

/** The size of sun_path (unix(7)), less the zero at its end. */
const MOST_BYTES = 107;

/** @throws {ConfigurationError} when the path is longer than the system allows for a socket. */
export function refuseLongPath(path: string): void {
  const bytes = new TextEncoder().encode(path).length;
  if (bytes <= MOST_BYTES) return;
  throw new ConfigurationError(
    `Cannot use control socket ${path}: it has ${bytes} bytes, a socket's path at most ${MOST_BYTES}; choose a shorter ` +
      "dataFolder",
  );
}
