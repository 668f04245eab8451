/**
 * The contract between gateway and server: topics, payload, confirmation and heartbeat, parsed at the door. Pure.
 *
 * @module
 */
export * from "./version.ts";
export * from "./topic.ts";
export * from "./ranges.ts";
export { WireError, type WireErrorCode } from "./wire_error.ts";
export { GatewayId, SERVER_NAME } from "./identifier.ts";
export * from "./readout.ts";
export * from "./payload.ts";
export * from "./confirmation.ts";
export * from "./heartbeat.ts";
export * from "./request.ts";
