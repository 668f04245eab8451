import { assertEquals, assertRejects } from "@std/assert";
import { httpClient, HttpError } from "@mbus-gateway/resource";
import { makePlaces } from "./places.ts";
import { registerGateway } from "./register_gateway.ts";

/** A server's API for registering, which knows the gateways it is told to. */
function api(registered: Set<string>) {
  const requests: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    requests.push(`${request.method} ${pathname}`);
    if (request.headers.get("authorization") !== "Bearer secret") return new Response(null, { status: 401 });
    if (pathname === "/api/v1/gateways/GW-0001/token") return Response.json({ gateway: "GW-0001", token: "rotated" });
    const { gateway } = await request.json();
    if (pathname !== "/api/v1/gateways") return new Response(null, { status: 404 });
    if (registered.has(gateway)) return Response.json({ error: "exists" }, { status: 409 });
    registered.add(gateway);
    return Response.json({ gateway, token: "first" }, { status: 201 });
  });
  return { requests, url: `http://127.0.0.1:${server.addr.port}/?once=only`, server };
}

Deno.test("registerGateway() registers, keeps a token that is there, and gets another where it is gone", async () => {
  const data = await Deno.makeTempDir({ prefix: "mbus_demo_" });
  const places = await makePlaces(data);
  await Deno.writeTextFile(places.adminToken, "secret\n");
  const { requests, url, server } = api(new Set());
  {
    await using _server = server;
    await using http = httpClient();
    await registerGateway(http, url, places);
    assertEquals(await Deno.readTextFile(places.gatewayToken), "first\n");
    assertEquals(((await Deno.stat(places.gatewayToken)).mode ?? 0) & 0o777, 0o600);
    await registerGateway(http, url, places);
    assertEquals(await Deno.readTextFile(places.gatewayToken), "first\n");
    await Deno.remove(places.gatewayToken);
    await registerGateway(http, url, places);
    assertEquals(await Deno.readTextFile(places.gatewayToken), "rotated\n");
    const register = "POST /api/v1/gateways";
    assertEquals(requests, [register, register, register, `${register}/GW-0001/token`]);
    await Deno.writeTextFile(places.adminToken, "another\n");
    await assertRejects(() => registerGateway(http, url, places), HttpError, "401");
  }
  await Deno.remove(data, { recursive: true });
});
