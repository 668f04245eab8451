/** Modes of EN 13757-4 that meters send in. */
export type AirMode = "C" | "T" | "S";

/** A telegram as it is on the air. */
export interface OnAir {
  mode: AirMode;
  /** The frame format, by which its CRCs stand. */
  format: "A" | "B";
  /** From its L field, without CRCs. */
  plain: Uint8Array;
  /** From its L field, with its CRCs. */
  coded: Uint8Array;
  /** In dBm. */
  rssi: number;
}

/** A receiver as the gateway sees it over its line. */
export interface ReceiverPeer {
  /** The receiver's answers to what the gateway sends. */
  receive(bytes: Uint8Array): Uint8Array[];
  /** What it sends when this is on the air; null when it does not listen for it. */
  hears(telegram: OnAir): Uint8Array | null;
  /** It goes deaf, as receivers do after weeks; commands are answered, and a reset heals it. */
  goDeaf(): void;
  /** Its power comes back: what was set is forgotten. */
  powerUp(): void;
}
