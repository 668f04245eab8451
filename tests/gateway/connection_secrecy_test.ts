import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type AddressInfo,
  connect as connectTcp,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { createLog, mqttSession } from "@mbus-gateway/resource";
import { systemClock } from "../../gateway/clock.ts";
import { stayConnected } from "../../gateway/connection.ts";
import { createCounts } from "../../gateway/counts.ts";
import { createDelivery } from "../../gateway/delivery.ts";
import { openSpool } from "../../gateway/spool.ts";
import { EXPIRED, type KeyPair, testAuthority } from "../fixtures/certificates.ts";
import { manualTime } from "../fixtures/manual_time.ts";
import { needs } from "../fixtures/needs.ts";
import { until } from "../fixtures/until.ts";

/** Somebody in the broker's place, who answers TLS with this certificate and writes down whatever comes. */
async function eavesdropper(pair: KeyPair) {
  /** As it came over the wire, and what of it was meant for an application. */
  const wire: Uint8Array[] = [];
  const application: Uint8Array[] = [];
  let connections = 0;
  const sockets = new Set<Socket>();
  const remember = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  };
  const tls = createTlsServer({ cert: pair.cert, key: pair.key }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes: Uint8Array) => application.push(bytes.slice()));
  });
  tls.on("tlsClientError", () => {});
  tls.on("connection", remember);
  await listening(tls, "127.0.0.1");
  // Loopback or not: 0.0.0.0 is this machine, but no loopback address.
  const raw = createTcpServer((near) => {
    connections += 1;
    remember(near);
    const far = connectTcp({ host: "127.0.0.1", port: (tls.address() as AddressInfo).port });
    remember(far);
    near.on("data", (bytes: Uint8Array) => {
      wire.push(bytes.slice());
      far.write(bytes);
    });
    far.on("data", (bytes: Uint8Array) => near.write(bytes));
    near.on("close", () => far.end());
    far.on("close", () => near.end());
  });
  await listening(raw, "0.0.0.0");
  return {
    port: (raw.address() as AddressInfo).port,
    connections: () => connections,
    wire: () => new TextDecoder("latin1").decode(joined(wire)),
    application: () => joined(application),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      for (const server of [raw, tls]) await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function listening(server: Server, host: string): Promise<void> {
  return new Promise((resolve) => server.listen(0, host, () => resolve()));
}

function joined(pieces: Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

const PASSWORD = "made-up-secret";
const SAYS_WHO_OR_WHAT = ["GW-0001", "MQTT", "meters/", PASSWORD];

Deno.test({
  name:
    "stayConnected() tells nobody a byte who does not prove to be the broker, and nothing in the clear to another machine",
  ...needs("openssl"),
  async fn() {
    await using authority = await testAuthority();
    await using stranger = await testAuthority();
    const { folder } = authority;
    await authority.client("GW-0001");
    await Deno.writeTextFile(`${folder}/token`, PASSWORD);
    const files = { ca: `${folder}/ca.crt`, cert: `${folder}/GW-0001.crt`, key: `${folder}/GW-0001.key` };
    const cases: [what: string, pair: KeyPair, url: (port: number) => string, says: string][] = [
      [
        "another authority",
        await stranger.server(),
        (port) => `mqtts://localhost:${port}`,
        "its certificate is not of the configured authority",
      ],
      [
        "another host's name",
        await authority.server({ name: "other", dns: ["broker.example.org"], ip: [] }),
        (port) => `mqtts://localhost:${port}`,
        "its certificate is for another name",
      ],
      [
        "a time that has passed",
        await authority.server({ name: "old", valid: EXPIRED }),
        (port) => `mqtts://localhost:${port}`,
        "its certificate expired on",
      ],
      ["in the clear", await authority.server(), (port) => `mqtt://0.0.0.0:${port}`, "it is not encrypted"],
    ];
    for (const [what, pair, url, says] of cases) {
      await using listener = await eavesdropper(pair);
      const spoolFolder = await Deno.makeTempDir({ prefix: "mbus_secrecy_" });
      {
        using spool = openSpool(`${spoolFolder}/spool.db`);
        const readAt = "2026-01-31T11:59:58.123Z";
        spool.put({ bus: "main", address: "p5", readAt, clock: "trusted", frames: [Uint8Array.of(0xe5)] });
        const lines: string[] = [];
        const log = createLog({ write: (line) => lines.push(line) });
        const time = manualTime();
        const counts = createCounts();
        const stop = new AbortController();
        const encrypted = url(1).startsWith("mqtts:");
        const connected = stayConnected({
          config: {
            gateway: "GW-0001",
            dataFolder: spoolFolder,
            mqtt: {
              url: url(listener.port),
              username: "GW-0001",
              passwordFile: `${folder}/token`,
              ...(encrypted && files),
            },
            platform: { url: "https://platform.example.org", tokenFile: `${folder}/token`, heartbeatMs: 60_000 },
            connection: "always",
            buses: [],
            radios: [],
            log: { level: "info", format: "text" },
          },
          delivery: createDelivery({ spool, gateway: "GW-0001", counts, timer: time.timer, log }),
          ...{ spool, counts, log, clock: systemClock(), timer: time.timer, signal: stop.signal },
        });
        await until(`${what} is named`, () => lines.length > 0);
        assertStringIncludes(lines[0] ?? "", says, what);
        stop.abort();
        await connected;
        assertEquals(spool.status().depth, 1, what);
        // In the clear nobody is even called; the others get to show their certificate, some twice, and that is all.
        assert(encrypted ? [1, 2].includes(listener.connections()) : listener.connections() === 0, what);
        assertEquals(listener.application().length, 0, what);
        for (const word of SAYS_WHO_OR_WHAT) assert(!listener.wire().includes(word), `${what}: ${word} was sent`);
        assertEquals(listener.wire() === "", !encrypted, what);
      }
      await Deno.remove(spoolFolder, { recursive: true });
    }
  },
});

Deno.test({
  name: "the eavesdropper of these tests hears what a gateway tells one who does prove to be the broker",
  ...needs("openssl"),
  async fn() {
    await using authority = await testAuthority();
    await using listener = await eavesdropper(await authority.server());
    const stop = new AbortController();
    const session = mqttSession({
      url: `mqtts://localhost:${listener.port}`,
      clientId: "GW-0001",
      ca: authority.ca,
      signal: stop.signal,
    }).catch(() => null);
    await until("it hears CONNECT", () => new TextDecoder().decode(listener.application()).includes("GW-0001"));
    stop.abort();
    assertEquals(await session, null);
  },
});
