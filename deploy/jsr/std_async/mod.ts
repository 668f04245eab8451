/**
 * The functions that this project calls, with the signatures and the meaning of `jsr:@std/async`, for machines that
 * cannot reach its registry. Deleting `links` in `deno.json` gives the upstream package.
 *
 * @module
 */
export { abortable } from "./abortable.ts";
export { deadline, type DeadlineOptions } from "./deadline.ts";
export { delay, type DelayOptions } from "./delay.ts";
