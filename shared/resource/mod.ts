/**
 * Resources that release themselves (`await using`), whatever fails, and the supervisor of a program.
 *
 * @module
 */
export * from "./resource.ts";
export * from "./semaphore.ts";
export * from "./backoff.ts";
export { isLoopback, requireTlsUnlessLoopback } from "./loopback.ts";
export { MqttError } from "./mqtt_error.ts";
export type { MqttMessage } from "./mqtt_receive.ts";
export type { MqttPublishOptions } from "./mqtt_publish.ts";
export * from "./mqtt_session.ts";
export * from "./mqtt_identity.ts";
export * from "./http_error.ts";
export * from "./http_client.ts";
export * from "./child_process.ts";
export * from "./describe_error.ts";
export * from "./log.ts";
export * from "./program.ts";
export * from "./progress_line.ts";
export * from "./nearest.ts";
export * from "./permission_words.ts";
