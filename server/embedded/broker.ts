import { createServer, type Socket } from "node:net";
import { timingSafeEqual } from "node:crypto";
import { Aedes } from "aedes";
import { ConfigurationError, type Log, silentLog } from "@mbus-gateway/resource";
import { SERVER_NAME } from "@mbus-gateway/wire";
import { PacketLimit } from "./packet_limit.ts";
import { mayRead, maySubscribe, mayWrite } from "./topic_rights.ts";

/** An MQTT broker inside this process, for trying and for one small site: MQTT 3.1.1, loopback, nothing on disk. */
export interface EmbeddedBroker extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** How the server itself connects, with a password that exists in this process only. */
  readonly server: { clientId: string; username: string; password: string };
}

export interface EmbeddedBrokerOptions {
  /** 0 takes any free port. */
  port: number;
  /** Whether a token is this gateway's; a gateway connects with its id as user name and client id. */
  authenticate: (gateway: string, token: string) => Promise<boolean>;
  log?: Log;
}

/** 4 MiB for a payload, as the contract says, and 64 KiB for its topic: what deploy/mosquitto.conf says too. */
const MAX_PACKET_BYTES = 4 * 1024 * 1024 + 64 * 1024;
const HOST = "127.0.0.1";
const BAD_USER_NAME_OR_PASSWORD = 4;

/**
 * Starts the broker. Nobody reads or writes another gateway's topics; a publish that is not granted ends its connection,
 * as MQTT 3.1.1 has no word for it.
 *
 * @throws {ConfigurationError} when the port is taken.
 */
export async function embeddedBroker(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  const { port, authenticate, log = silentLog } = options;
  const password = crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url" });
  const names = new WeakMap<object, string>();
  const nameOf = (client: object | null) => (client && names.get(client)) ?? "";
  const isKnown = (name: string, word: string) =>
    name === SERVER_NAME ? Promise.resolve(isSame(word, password)) : authenticate(name, word);

  const aedes = await Aedes.createBroker({
    drainTimeout: 30_000,
    authenticate(client, username = "", given, done) {
      const refuse = (why: string) => {
        log.warn("Cannot let client connect to the broker", { client: client.id, username, why });
        done(Object.assign(new Error("bad user name or password"), { returnCode: BAD_USER_NAME_OR_PASSWORD }), false);
      };
      if (client.id !== username) return refuse("its client id is not its user name");
      isKnown(username, String(given ?? "")).then(
        (known) => {
          if (!known) return refuse("its password is not the token of a registered gateway of that name");
          names.set(client, username);
          done(null, true);
        },
        (error) => refuse(`its password could not be checked: ${error}`),
      );
    },
    authorizePublish(client, { topic }, done) {
      const name = nameOf(client);
      if (mayWrite(name, topic)) return done();
      log.warn("Cannot take message: topic not granted", { client: name, topic });
      done(new Error(`${name} may not publish to ${topic}`));
    },
    authorizeSubscribe(client, subscription, done) {
      const name = nameOf(client);
      const granted = maySubscribe(name, subscription.topic);
      if (!granted) log.warn("Cannot grant subscription", { client: name, topic: subscription.topic });
      done(null, granted ? subscription : null);
    },
    // Also what a session had queued is only for the one who may read it.
    authorizeForward: (client, packet) => mayRead(nameOf(client), packet.topic) ? packet : null,
  });
  aedes.on("clientError", (client, error) => log.debug("Client's connection ended", { client: client.id, error }));
  aedes.on("connectionError", (_client, error) => log.debug("Connection ended before CONNECT", { error }));

  const server = createServer((socket) => {
    aedes.handle(limited(socket, log));
  });
  const listening = new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, resolve);
  });
  try {
    await listening;
  } catch (cause) {
    await new Promise<void>((resolve) => aedes.close(resolve));
    throw new ConfigurationError(
      `Cannot start the embedded broker on port ${port}: ${(cause as Error).message}; choose another with MQTT_PORT, ` +
        `or name a broker with MQTT_URL`,
      { cause },
    );
  }
  const { port: taken } = server.address() as { port: number };
  return {
    url: `mqtt://${HOST}:${taken}`,
    port: taken,
    server: { clientId: SERVER_NAME, username: SERVER_NAME, password },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => aedes.close(resolve));
      await closed;
    },
  };
}

/** aedes takes what it parses by `read()` and would collect a packet of any length. */
function limited(socket: Socket, log: Log): Socket {
  const limit = new PacketLimit(MAX_PACKET_BYTES);
  const read = socket.read.bind(socket);
  socket.read = (size?: number) => {
    const bytes = read(size) as Uint8Array | null;
    if (bytes === null || limit.accepts(bytes)) return bytes;
    log.warn("Cannot take packet: it is too long", { mostBytes: MAX_PACKET_BYTES });
    socket.destroy();
    return null;
  };
  return socket;
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => new TextEncoder().encode(text));
  return a !== undefined && b !== undefined && a.length === b.length && timingSafeEqual(a, b);
}
