import { resolve } from "node:path";
import { requireTlsUnlessLoopback } from "@mbus-gateway/resource";
import type { BrokerConfig } from "./config.ts";
import { Expected, type Problems } from "./config_values.ts";

/** The broker that the variables name; null when none is named, which is the embedded one. */
export function readBroker(problems: Problems): BrokerConfig | null {
  const address = problems.read("MQTT_URL", null, brokerAddress);
  const file = (name: string) => problems.read(name, null, resolve);
  const [ca, cert, key] = [file("MQTT_CA"), file("MQTT_CERT"), file("MQTT_KEY")];
  const clientId = problems.read("MQTT_CLIENT_ID", "mbus-server", clientName);
  if ((cert === null) !== (key === null)) {
    problems.add(cert === null ? "MQTT_CERT" : "MQTT_KEY", "a PEM file, as MQTT_CERT and MQTT_KEY belong together");
  }
  return address && { ...address, clientId, ca, cert, key };
}

/** User and password are taken out of the URL, which is logged. */
function brokerAddress(text: string): Pick<BrokerConfig, "url" | "username" | "password"> {
  const url = requireTlsUnlessLoopback(text);
  if (!/^mqtts?:$/.test(url.protocol)) throw new Expected("mqtts://HOST:8883, or mqtt://127.0.0.1:1883");
  const part = (encoded: string) => encoded === "" ? null : decodeURIComponent(encoded);
  const [username, password] = [part(url.username), part(url.password)];
  url.username = url.password = "";
  return { url: url.href, username, password };
}

function clientName(text: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(text)) return text;
  throw new Expected("1 to 64 letters, digits, dots, underscores or hyphens");
}
