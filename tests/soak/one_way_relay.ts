/** Stands between a gateway and an unencrypted broker, and can stop telling the gateway anything. */
export interface OneWayRelay extends AsyncDisposable {
  readonly port: number;
  /** Where to connect to from now on; connections begun before stay. */
  target: { hostname: string; port: number };
  /**
   * From the next message of readings on, which still reaches the broker, nothing comes back to the gateway.
   *
   * @returns when that message has been passed on.
   */
  fallSilentAtPublish(): Promise<void>;
  /** Connections begun from now on work both ways. */
  speakAgain(): void;
}

const DATA = new TextEncoder().encode("/data");

/** A relay on a port of its own. */
export function oneWayRelay(): OneWayRelay {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.TcpConn>();
  let silent = false;
  let waiting: PromiseWithResolvers<void> | null = null;
  const relay: OneWayRelay = {
    port: listener.addr.port,
    target: { hostname: "127.0.0.1", port: 0 },
    fallSilentAtPublish() {
      waiting = Promise.withResolvers<void>();
      return waiting.promise;
    },
    speakAgain() {
      silent = false;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of connections) close(connection);
      await serving;
    },
  };

  const onRequest = (bytes: Uint8Array) => {
    if (waiting === null || !includes(bytes, DATA)) return () => {};
    silent = true;
    const { resolve } = waiting;
    waiting = null;
    return resolve;
  };
  const serve = async (client: Deno.TcpConn) => {
    let broker: Deno.TcpConn;
    try {
      broker = await Deno.connect(relay.target);
    } catch {
      return close(client);
    }
    connections.add(client).add(broker);
    await Promise.all([
      pump(client, broker, onRequest),
      pump(broker, client, () => () => {}, () => silent),
    ]);
    for (const connection of [client, broker]) {
      close(connection);
      connections.delete(connection);
    }
  };
  const accept = async () => {
    const served: Promise<void>[] = [];
    for await (const client of listener) served.push(serve(client));
    await Promise.all(served);
  };
  const serving = accept();
  return relay;
}

async function pump(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  see: (bytes: Uint8Array) => () => void,
  swallows: () => boolean = () => false,
) {
  const buffer = new Uint8Array(65_536);
  try {
    for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
      const bytes = buffer.subarray(0, read);
      const passed = see(bytes);
      if (swallows()) continue;
      for (let sent = 0; sent < read;) sent += await to.write(bytes.subarray(sent));
      passed();
    }
  } catch {
    // One side is gone, and so the other goes.
  }
  close(from);
  close(to);
}

function close(connection: Deno.TcpConn) {
  try {
    connection.close();
  } catch {
    // closed already
  }
}

function includes(bytes: Uint8Array, part: Uint8Array): boolean {
  for (let at = bytes.indexOf(part[0] ?? 0); at >= 0; at = bytes.indexOf(part[0] ?? 0, at + 1)) {
    if (part.every((byte, index) => bytes[at + index] === byte)) return true;
  }
  return false;
}
