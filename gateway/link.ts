/** The connection to the broker as others see it. */
export interface Link {
  readonly connected: boolean;
  /** How often it has been made since the start; all but the first were reconnects. */
  readonly connections: number;
}

/** A link, and the one who says what becomes of it. */
export function createLink(): Link & { onConnected(connected: boolean): void } {
  let [connected, connections] = [false, 0];
  return {
    get connected() {
      return connected;
    },
    get connections() {
      return connections;
    },
    onConnected(now) {
      connected = now;
      if (now) connections++;
    },
  };
}
