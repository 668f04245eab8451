/**
 * The topics of the contract. Each holds the gateway's id as one level, so that a broker's ACL can bind it to the
 * certificate's common name.
 *
 * @example
 * ```ts
 * import { topic } from "@mbus-gateway/wire";
 * topic.data("GW-0001"); // "meters/GW-0001/data"
 * ```
 */
export const topic = {
  /** Readouts, gateway to server, QoS 1. */
  data: (gateway: string) => `meters/${gateway}/data`,
  /** What the server holds, server to gateway, QoS 1. */
  confirm: (gateway: string) => `gateways/${gateway}/confirm`,
  /** `{"state":"online"|"offline"}`, retained; the last will says offline. */
  state: (gateway: string) => `gateways/${gateway}/state`,
  /** How a gateway does, retained. */
  health: (gateway: string) => `gateways/${gateway}/health`,
  /** What somebody asks of the gateway, QoS 1; the verb may have a slash: `config/get`. */
  request: (gateway: string, verb: string) => `gateways/${gateway}/request/${verb}`,
  /** The subscription that hears every request. */
  allRequests: (gateway: string) => `gateways/${gateway}/request/#`,
  /** What the gateway answers, and how far it is meanwhile. */
  response: (gateway: string, verb: string) => `gateways/${gateway}/response/${verb}`,
  /** The subscription that takes in the readouts of every gateway. */
  allData: "meters/+/data",
} as const;

/**
 * The gateway named by a data topic.
 *
 * @returns the id, or `null` when the topic is not `meters/{gatewayId}/data`.
 */
export function gatewayOfDataTopic(name: string): string | null {
  return /^meters\/([^/]+)\/data$/.exec(name)?.[1] ?? null;
}
