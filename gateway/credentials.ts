import { ConfigurationError, type MqttSessionOptions } from "@mbus-gateway/resource";
import type { GatewayConfig } from "./config.ts";

/**
 * Who we are to the broker. The files are read anew for each connection, so that what was replaced on the disk is in
 * use at the next one, and no secret stays in memory for longer.
 *
 * @throws {ConfigurationError} that names the key and the file that cannot be read.
 */
export async function mqttIdentity(
  { gateway, mqtt }: Pick<GatewayConfig, "gateway" | "mqtt">,
): Promise<MqttSessionOptions> {
  const { url, username, passwordFile } = mqtt;
  const [ca, cert, key] = await Promise.all((["ca", "cert", "key"] as const).map(async (name) => {
    const path = mqtt[name];
    return path === undefined ? undefined : await readFile(`mqtt.${name}`, path);
  }));
  const password = passwordFile === undefined ? undefined : trimmed(await readFile("mqtt.passwordFile", passwordFile));
  return { url, clientId: gateway, username, password, ca, cert, key };
}

/** The platform's address and our token for it, which is read from its file whenever it is asked for. */
export function platformIdentity(
  { url, tokenFile }: GatewayConfig["platform"],
): { url: string; readonly token: string } {
  return {
    url,
    get token() {
      try {
        return trimmed(Deno.readTextFileSync(tokenFile));
      } catch (cause) {
        throw unreadable("platform.tokenFile", tokenFile, cause);
      }
    },
  };
}

/** The authorities that may vouch for the platform besides the well-known ones. */
export async function platformAuthorities({ ca }: GatewayConfig["platform"]): Promise<string[]> {
  return ca === undefined ? [] : [await readFile("platform.ca", ca)];
}

async function readFile(key: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw unreadable(key, path, cause);
  }
}

function unreadable(key: string, path: string, cause: unknown): Error {
  // A permission that is missing is for the supervisor, who has an exit code for it.
  if (cause instanceof Deno.errors.NotCapable) return cause;
  const why = cause instanceof Deno.errors.NotFound ? "there is no such file" : (cause as Error).message;
  return new ConfigurationError(`Cannot read ${key} ${path}: ${why}`, { cause });
}

/** Editors end a file with a line feed; a secret has none. */
function trimmed(text: string): string {
  return text.trim();
}
