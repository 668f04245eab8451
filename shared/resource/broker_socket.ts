import { createPrivateKey, X509Certificate } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { certificateAdvice } from "./certificate_advice.ts";
import { requireTlsUnlessLoopback } from "./loopback.ts";
import { connectionError } from "./mqtt_error.ts";
import { ConfigurationError } from "./program.ts";

/** Where the broker is and by which certificates both sides know each other; checked, so that only the network can fail. */
export interface BrokerAddress {
  url: URL;
  /** `host:port`, for messages. */
  where: string;
  host: string;
  port: number;
  tls: boolean;
  ca?: string;
  cert?: string;
  key?: string;
}

/**
 * Checks what can be checked without a network.
 *
 * @throws {ConfigurationError} for an address in the clear to another machine, PEM texts that are none, and a key that
 * does not belong to its certificate (which TLS itself would report as "unsupported protocol").
 */
export function brokerAddress(options: { url: string; ca?: string; cert?: string; key?: string }): BrokerAddress {
  const url = requireTlsUnlessLoopback(options.url);
  if (url.protocol !== "mqtt:" && url.protocol !== "mqtts:") {
    throw new ConfigurationError(`Cannot use ${url.protocol}//${url.host} as broker: expected mqtts://host:8883`);
  }
  const tls = url.protocol === "mqtts:";
  const { ca, cert, key } = options;
  if (!tls && cert !== undefined) {
    throw new ConfigurationError(`Cannot use client certificate: mqtt://${url.host} has no TLS; write mqtts://`);
  }
  if (tls) checkPair(ca, cert, key);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port) || (tls ? 8883 : 1883);
  return { url, where: `${url.hostname}:${port}`, host, port, tls, ca, cert, key };
}

function checkPair(ca?: string, cert?: string, key?: string) {
  if (ca !== undefined) certificate("CA certificate", ca);
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? ["key", "certificate"] : ["certificate", "key"];
    throw new ConfigurationError(`Cannot use client certificate: there is a ${given} but no ${missing}`);
  }
  if (cert === undefined || key === undefined) return;
  const own = certificate("client certificate", cert);
  let fits: boolean;
  try {
    fits = own.checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw new ConfigurationError("Cannot use client key: it is no private key as PEM text without a passphrase", {
      cause,
    });
  }
  if (!fits) {
    throw new ConfigurationError(
      `Cannot use client certificate: the private key does not belong to it (${own.subject}); use the key it was issued for`,
    );
  }
}

function certificate(what: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new ConfigurationError(`Cannot use ${what}: it is no certificate as PEM text`, { cause });
  }
}

/** A socket that stands, TLS included, with what went wrong on it since. */
export interface BrokerSocket {
  socket: Socket;
  /** The last error of the socket; the reason behind a close. */
  lastError(): Error | null;
}

/**
 * Connects, checks the broker's certificate (always), and shows ours.
 *
 * @throws {MqttError} with a sentence for each way this fails; the signal's reason when it aborts.
 */
export async function brokerSocket(address: BrokerAddress, signal: AbortSignal): Promise<BrokerSocket> {
  signal.throwIfAborted();
  const { host, port, tls, ca, cert, key } = address;
  const socket = tls
    ? connectTls({ host, port, ca, cert, key, rejectUnauthorized: true, ...serverName(host) })
    : connectTcp({ host, port });
  let lastError: Error | null = null;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on("error", (error) => {
    lastError = error;
    reject(connectionError(address.where, error));
  });
  socket.on("close", () => reject(connectionError(address.where, new Error("it closed the connection"))));
  socket.once(tls ? "secureConnect" : "connect", () => resolve());
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await promise;
  } catch (error) {
    await destroyed(socket);
    const why = (lastError as { code?: string } | null)?.code === NOT_VERIFIED ? await whyNot(address, signal) : null;
    if (why === null) throw error;
    throw connectionError(address.where, new Error(why, { cause: error }));
  } finally {
    signal.removeEventListener("abort", abort);
  }
  socket.setNoDelay(true);
  return { socket, lastError: () => lastError };
}

/** All that `node:tls` says here of a certificate of another authority, of another time, or with a wrong signature. */
const NOT_VERIFIED = "UNABLE_TO_VERIFY_LEAF_SIGNATURE";

/**
 * What is wrong with the broker's certificate, in words: the same check once more, by Deno itself. Nothing is sent, not
 * even if it should succeed now.
 *
 * @returns null when that says no more.
 */
async function whyNot({ host, port, ca }: BrokerAddress, signal: AbortSignal): Promise<string | null> {
  using stack = new DisposableStack();
  try {
    const plain = await Deno.connect({ hostname: host, port, signal });
    const connection = stack.adopt(await Deno.startTls(plain, { hostname: host, caCerts: ca ? [ca] : [] }), closed);
    const abort = () => closed(connection);
    signal.addEventListener("abort", abort, { once: true });
    stack.defer(() => signal.removeEventListener("abort", abort));
    await connection.handshake();
    return null;
  } catch (thrown) {
    return certificateAdvice((thrown as Error).message);
  }
}

function closed(connection: Deno.TlsConn) {
  try {
    connection.close();
  } catch {
    // A connection whose handshake failed has closed itself.
  }
}

/** Ends a socket at once; resolves when it is closed. */
export function destroyed(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("close", () => resolve());
  socket.destroy();
  return promise;
}

/** TLS names no addresses in SNI (RFC 6066, section 3). */
function serverName(host: string): { servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host };
}
