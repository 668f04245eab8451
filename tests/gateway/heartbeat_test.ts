import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createLog, httpClient } from "@mbus-gateway/resource";
import { encodeConfirmation, encodeHeartbeat, type Heartbeat, parseHeartbeat, VERSION } from "@mbus-gateway/wire";
import { createCounts } from "../../gateway/counts.ts";
import { composeHeartbeat, heartbeats, sendHeartbeat } from "../../gateway/heartbeat.ts";
import { openSpool, type Spool, type TakenReadout } from "../../gateway/spool.ts";
import { manualTime } from "../fixtures/manual_time.ts";

const TAKEN: TakenReadout = {
  bus: "main",
  address: "p5",
  readAt: "2026-01-31T11:59:58.123Z",
  clock: "trusted",
  frames: [Uint8Array.of(0xe5)],
};

async function withSpool(body: (spool: Spool) => void | Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    using spool = openSpool(`${folder}/spool.db`);
    await body(spool);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A platform on this machine that notes what it is sent. */
function platform(answer: (heartbeat: Heartbeat) => Response) {
  const requests: { path: string; authorization: string | null; heartbeat: Heartbeat }[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const heartbeat = parseHeartbeat(new Uint8Array(await request.arrayBuffer()));
    const { pathname } = new URL(request.url);
    requests.push({ path: pathname, authorization: request.headers.get("authorization"), heartbeat });
    return answer(heartbeat);
  });
  return {
    requests,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("composeHeartbeat() says what the spool holds and what has happened", () =>
  withSpool((spool) => {
    const counts = createCounts();
    const { clock } = manualTime();
    const common = { gateway: "GW-0001", spool, counts, clock, uptimeSeconds: () => 61 };
    assertEquals(composeHeartbeat(common, "online").unconfirmed, null);
    spool.put(TAKEN, TAKEN, TAKEN, TAKEN);
    spool.release([[1, 1]]);
    spool.park(2, "no_such_gateway", "why");
    counts.add("taken", 4);
    counts.add("sent");
    counts.add("held");
    const heartbeat = composeHeartbeat({ ...common, clock: { ...clock, trusted: () => false } }, "sent");
    assertEquals(heartbeat, {
      gateway: "GW-0001",
      epoch: spool.epoch,
      sentAt: "2026-01-31T12:00:00.000Z",
      status: "sent",
      clock: "untrusted",
      software: VERSION,
      uptimeSeconds: 61,
      unconfirmed: { oldest: 3, newest: 4 },
      spoolDepth: 2,
      counts: { taken: 4, failed: 0, sent: 1, held: 1, parked: 1, dropped: 0, salvaged: 0 },
    });
    // The door of the server lets it in.
    assertEquals(parseHeartbeat(new TextEncoder().encode(encodeHeartbeat(heartbeat))), heartbeat);
  }));

Deno.test("sendHeartbeat() posts with the token, and hands the answer to the delivery", () =>
  withSpool(async (spool) => {
    const confirmation = encodeConfirmation({ gateway: "GW-0001", epoch: spool.epoch, held: [[1, 2]], refused: [] });
    await using server = platform(() => new Response(confirmation));
    await using http = httpClient();
    const answers: string[] = [];
    const delivery = { onConfirmation: (bytes: Uint8Array) => answers.push(new TextDecoder().decode(bytes)) };
    const { clock } = manualTime();
    await sendHeartbeat({
      gateway: "GW-0001",
      // With or without a slash at the end, and below a path.
      platform: { url: `${server.url}/site//`, token: "not-a-secret" },
      http,
      spool,
      counts: createCounts(),
      delivery,
      clock,
    }, "stopping");
    assertEquals(server.requests.map(({ path, authorization }) => [path, authorization]), [
      ["/site/api/v1/gateways/GW-0001/heartbeat", "Bearer not-a-secret"],
    ]);
    assertEquals(server.requests[0]?.heartbeat.status, "stopping");
    assertEquals(answers, [confirmation]);
  }));

Deno.test("sendHeartbeat() says what to do when the server refuses", () =>
  withSpool(async (spool) => {
    let status = 401;
    await using server = platform(() => new Response("no", { status }));
    await using http = httpClient();
    const delivery = {
      onConfirmation: () => {
        throw new Error("a refusal confirms nothing");
      },
    };
    const send = () =>
      sendHeartbeat({
        gateway: "GW-0001",
        platform: { url: server.url, token: "not-a-secret" },
        http,
        spool,
        counts: createCounts(),
        delivery,
      }, "online");
    const unauthorized = await assertRejects(
      send,
      Error,
      "Cannot send heartbeat: the server refuses the token of GW-0001",
    );
    assertEquals(unauthorized.message.includes("not-a-secret"), false);
    status = 404;
    await assertRejects(
      send,
      Error,
      "Cannot send heartbeat: the server does not know GW-0001 (404); register it there",
    );
    status = 503;
    await assertRejects(send, Error, "503");
  }));

Deno.test("heartbeats() go on each interval whatever becomes of them, and tell trouble once", () =>
  withSpool(async (spool) => {
    const { clock, timer, pass } = manualTime();
    const lines: string[] = [];
    const stop = new AbortController();
    let works = false;
    let requests = 0;
    const http = {
      request: () => {
        requests++;
        if (!works) return Promise.reject(new Error("Cannot POST https://platform.example.org: nobody listens there"));
        return Promise.resolve({ status: 200, headers: new Headers(), bytes: new Uint8Array() });
      },
      getJson: () => Promise.resolve(null),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const running = heartbeats({
      gateway: "GW-0001",
      platform: { url: "https://platform.example.org", token: "not-a-secret" },
      http,
      spool,
      counts: createCounts(),
      delivery: { onConfirmation: () => {} },
      clock,
      timer,
      random: () => 0.5,
      log: createLog({ write: (line) => lines.push(line) }),
      signal: stop.signal,
      intervalMs: 60_000,
    });
    await pass(3_000);
    assertEquals(requests, 1);
    await pass(10 * 60_000);
    assertEquals(requests, 11);
    assertEquals(lines.length, 1);
    assertStringIncludes(lines[0] ?? "", "nobody listens there");
    works = true;
    await pass(60_000);
    assertStringIncludes(lines[1] ?? "", "Heartbeats are answered again");
    stop.abort();
    await running;
  }));
