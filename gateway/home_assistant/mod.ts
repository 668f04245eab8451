import type { KeyLookup } from "@mbus-gateway/mbus";
import { ConfigurationError, describeError } from "@mbus-gateway/resource";
import type { GatewayConfig } from "../config.ts";
import { keysOfFile } from "../decode_keys.ts";
import { expireAfterS } from "./expiry.ts";
import { type HomeAssistant, homeAssistant, type HomeAssistantOptions } from "./home_assistant.ts";

export interface HouseOptions extends Pick<HomeAssistantOptions, "board" | "timer" | "log"> {
  config: GatewayConfig;
}

/**
 * What tells Home Assistant of this gateway's meters.
 *
 * @throws {ConfigurationError} when the file of keys cannot be used.
 */
export async function houseOf({ config, ...others }: HouseOptions): Promise<HomeAssistant> {
  const { gateway, buses, radios, homeAssistant: own } = config;
  const { discoveryPrefix = "homeassistant", baseTopic = "meters", keysFile } = own ?? {};
  const files = [keysFile, ...radios.map((radio) => radio.keysFile)].filter((file) => file !== undefined);
  const lookups = await Promise.all([...new Set(files)].map(keysIn));
  const keys: KeyLookup = (meter) => lookups.map((keyOf) => keyOf(meter)).find((key) => key !== undefined);
  return homeAssistant({
    gateway,
    discoveryPrefix,
    baseTopic,
    keys,
    expireAfterS: (bus, address) => expireAfterS(buses, bus, address),
    ...others,
  });
}

async function keysIn(path: string): Promise<KeyLookup> {
  try {
    return keysOfFile(path, await Deno.readTextFile(path));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new ConfigurationError(`Cannot use meter keys ${path}: ${describeError(cause)}`, { cause });
  }
}
