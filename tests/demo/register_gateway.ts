import { type HttpClient, HttpError } from "@mbus-gateway/resource";
import { GATEWAY } from "./gateway_config.ts";
import type { DemoPlaces } from "./places.ts";

/**
 * Registers the demo's gateway through the server's own API and keeps its token where the gateway's configuration says.
 * A gateway that is registered already keeps its token, unless the file is gone: then it gets another.
 *
 * @param server the server's address.
 */
export async function registerGateway(http: HttpClient, server: string, places: DemoPlaces): Promise<void> {
  const adminToken = (await Deno.readTextFile(places.adminToken)).trim();
  const post = async (path: string, body?: unknown) => {
    const { bytes } = await http.request("POST", new URL(path, server), {
      headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
      body: JSON.stringify(body ?? {}),
    });
    return tokenIn(bytes);
  };
  const token = await post("/api/v1/gateways", { gateway: GATEWAY }).catch(async (error) => {
    if (!(error instanceof HttpError) || error.status !== 409) throw error;
    return await hasToken(places) ? null : await post(`/api/v1/gateways/${GATEWAY}/token`);
  });
  if (token !== null) await Deno.writeTextFile(places.gatewayToken, `${token}\n`, { mode: 0o600 });
}

function tokenIn(bytes: Uint8Array): string {
  const { token } = JSON.parse(new TextDecoder().decode(bytes)) as { token?: unknown };
  if (typeof token === "string" && token !== "") return token;
  throw new Error("Cannot register gateway: the server's answer has no token");
}

async function hasToken(places: DemoPlaces): Promise<boolean> {
  try {
    return (await Deno.readTextFile(places.gatewayToken)).trim() !== "";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
