import { assert, assertEquals } from "@std/assert";
import { needs } from "../../fixtures/needs.ts";
import { oneOfManyServers } from "../../fixtures/server_process.ts";
import { realPlatform } from "../../fixtures/site_platform.ts";
import { until } from "../../fixtures/until.ts";
import { assertExact } from "./exact.ts";
import { ResendingGateway } from "./resending_gateway.ts";

const READOUTS = 200;
const GATEWAYS = ["GW-0001", "GW-0002", "GW-0003"];

Deno.test({
  name: "three servers share the load, and one that dies takes nothing with it",
  ...needs("mosquitto", "openssl", "initdb"),
  async fn() {
    await using stack = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const platform = stack.use(await realPlatform(folder));
    const servers = [1, 2, 3].map((number) => oneOfManyServers(platform, number));
    for (const { program } of servers) stack.use(program);
    // All at once on an empty database: whoever comes first migrates it.
    for (const { program } of servers) program.launch();
    await Promise.all(servers.map(({ program }) => program.ready()));
    await platform.withDatabase(async ({ sql }) => {
      const migrated = servers.filter(({ program }) => program.lines.some((line) => line.includes("Migrated")));
      assertEquals(migrated.length, 1);
      for (const name of GATEWAYS) {
        await sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, ${name}, sha256(${name}::bytea))`;
      }
      const taken = await Promise.all(servers.map(({ url }) => messagesTaken(url)));
      assertEquals(taken, [0, 0, 0]);

      const gateways = await Promise.all(GATEWAYS.map(async (gateway) => {
        const { url, ca, cert, key } = await platform.gatewayMqtt(gateway, "");
        const [caText, certText, keyText] = await Promise.all([ca, cert, key].map((file) => textOf(file)));
        const mqtt = { url: url ?? "", ca: caText, cert: certText, key: keyText };
        return { gateway, sender: new ResendingGateway({ gateway, mqtt, readouts: READOUTS }) };
      }));
      const sent = Promise.all(gateways.map(({ sender }) => sender.sendAll()));
      const [victim, ...others] = servers;
      await until("the victim has work", async () => await messagesTaken(victim?.url ?? "") > 0);
      await victim?.program.kill();
      await sent;
      for (const { gateway, sender } of gateways) await assertExact(sql, gateway, sender, READOUTS);
      for (const { url } of others) assert(await messagesTaken(url) > 0, "it has had its share");

      const [{ url = "" } = {}] = others;
      const api = await fetch(`${url}/api/v1/meters`);
      assertEquals([api.status, (await api.json()).code], [404, "not_found"]);
    });
    for (const { program } of servers.slice(1)) assertEquals(await program.stop(), 0);
  },
});

async function messagesTaken(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^mbus_ingest_messages_total (\d+)$/m.exec(text)?.[1]);
}

async function textOf(file: string | undefined): Promise<string> {
  return await Deno.readTextFile(file ?? "");
}
