/**
 * Resources that release themselves (`await using`), whatever fails, and the supervisor of a program.
 *
 * @module
 */
export * from "./describe_error.ts";
export * from "./log.ts";
export * from "./program.ts";
export * from "./nearest.ts";
