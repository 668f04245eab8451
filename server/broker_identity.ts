import { ConfigurationError, type MqttSessionOptions } from "@mbus-gateway/resource";
import type { BrokerConfig } from "./config.ts";

/**
 * The broker's address and who the server is to it, with the texts of the certificates.
 *
 * @throws {ConfigurationError} naming the variable and the file that cannot be read.
 */
export async function brokerIdentity(broker: BrokerConfig): Promise<MqttSessionOptions> {
  const { url, clientId, username, password } = broker;
  const [ca, cert, key] = await Promise.all(
    (["ca", "cert", "key"] as const).map((name) => readText(`MQTT_${name.toUpperCase()}`, broker[name])),
  );
  return { url, clientId, username: username ?? undefined, password: password ?? undefined, ca, cert, key };
}

/**
 * The text of a file that a variable names; undefined for none.
 *
 * @throws {ConfigurationError} when it cannot be read.
 */
export async function readText(variable: string, path: string | null): Promise<string | undefined> {
  if (path === null) return undefined;
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    // A permission that is missing has an exit code of its own.
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    const why = cause instanceof Deno.errors.NotFound ? "there is no such file" : (cause as Error).message;
    throw new ConfigurationError(`Cannot read ${variable} ${path}: ${why}`, { cause });
  }
}
