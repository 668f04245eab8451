import type { ReceiverProtocol } from "../receiver_protocol.ts";
import { amb8465 } from "./amb8465.ts";
import { cul } from "./cul.ts";
import { im871a } from "./im871a.ts";
import { rtl433 } from "./rtl_433.ts";
import { rtlWmbus } from "./rtl_wmbus.ts";

/** The receivers by the name that a configuration gives them. */
export const RECEIVERS = { im871a, amb8465, cul, rtl_wmbus: rtlWmbus, rtl_433: rtl433 } as const satisfies Record<
  string,
  ReceiverProtocol
>;

export type ReceiverName = keyof typeof RECEIVERS;

export const RECEIVER_NAMES = Object.keys(RECEIVERS) as ReceiverName[];
