import type { ReceiverPeer } from "../on_air.ts";
import { Amb8465Peer } from "./amb8465.ts";
import { CulPeer } from "./cul.ts";
import { Im871aPeer } from "./im871a.ts";
import { Rtl433Peer, RtlWmbusPeer } from "./rtl.ts";

/** The simulated receivers by their names in a gateway's configuration. */
export const PEERS = {
  im871a: () => new Im871aPeer(),
  amb8465: () => new Amb8465Peer(),
  cul: () => new CulPeer(),
  rtl_wmbus: () => new RtlWmbusPeer(),
  rtl_433: () => new Rtl433Peer(),
} as const satisfies Record<string, () => ReceiverPeer>;

export type PeerName = keyof typeof PEERS;

export const PEER_NAMES = Object.keys(PEERS) as PeerName[];
