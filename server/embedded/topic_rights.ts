import { SERVER_NAME } from "@mbus-gateway/wire";

/**
 * The rules of `deploy/mosquitto.acl`: what is not granted is denied. `+` is one level, a last `#` any number of them,
 * `%u` the client's own name.
 */
const RIGHTS = {
  gateway: {
    write: ["meters/%u/data", "gateways/%u/state", "gateways/%u/health", "gateways/%u/response/#"],
    read: ["gateways/%u/confirm", "gateways/%u/request/#"],
  },
  server: {
    write: ["gateways/+/confirm", "gateways/+/request/#"],
    read: ["meters/+/data", "gateways/+/state", "gateways/+/health", "gateways/+/response/#"],
  },
} as const;

/** Whether a client may publish to a topic. */
export function mayWrite(client: string, topic: string): boolean {
  return filtersOf(client, "write").some((filter) => covers(filter, topic.split("/")));
}

/** Whether a client may be sent a topic. */
export function mayRead(client: string, topic: string): boolean {
  return filtersOf(client, "read").some((filter) => covers(filter, topic.split("/")));
}

/** Whether a client may subscribe: everything that the filter matches must be its to read. */
export function maySubscribe(client: string, filter: string): boolean {
  return filtersOf(client, "read").some((granted) => covers(granted, filter.split("/")));
}

function filtersOf(client: string, access: "read" | "write"): string[][] {
  if (client === "") return []; // nobody: an empty level would match it
  const rights = client === SERVER_NAME ? RIGHTS.server : RIGHTS.gateway;
  return rights[access].map((filter) => filter.split("/").map((level) => level === "%u" ? client : level));
}

/** Whether every topic of `levels`, a topic or a filter, is one of the granted filter. */
function covers(granted: string[], levels: string[]): boolean {
  for (const [index, level] of granted.entries()) {
    if (level === "#") return true;
    const other = levels[index];
    if (other === undefined || other === "#") return false;
    if (level !== "+" && level !== other) return false;
  }
  return granted.length === levels.length;
}
