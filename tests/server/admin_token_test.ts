import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { ConfigurationError, createLog, silentLog } from "@mbus-gateway/resource";
import { registerAdminToken } from "../../server/admin_token.ts";
import type { Database } from "../../server/db/mod.ts";
import { isGatewayToken } from "../../server/gateway_password.ts";
import { hashToken, newToken } from "../../server/http/tokens.ts";
import { needs } from "../fixtures/needs.ts";
import { testDatabase } from "../fixtures/private_postgres.ts";

const log = silentLog;

async function temporaryFolder() {
  const path = await Deno.makeTempDir({ prefix: "mbus-token-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

const isValid = async (database: Database, token: string) =>
  (await database.sql`select from api_tokens where token_hash = ${hashToken(token)} and revoked_at is null`).length ===
    1;

Deno.test("registerAdminToken() makes the file once, for this user alone, and registers what it holds", async () => {
  await using at = await testDatabase();
  await using folder = await temporaryFolder();
  const file = `${folder.path}/admin.token`;
  await registerAdminToken(at.database, { file, make: true, log });
  const token = Deno.readTextFileSync(file).trim();
  assertEquals((Deno.statSync(file).mode ?? 0) & 0o777, 0o600);
  await registerAdminToken(at.database, { file, make: true, log });
  assertEquals(Deno.readTextFileSync(file).trim(), token);
  assert(await isValid(at.database, token));
  assertEquals((await at.database.sql`select tenant_id from api_tokens`).map((row) => row.tenant_id), [1]);
});

Deno.test("registerAdminToken() revokes the token that stood in the file before", async () => {
  await using at = await testDatabase();
  await using folder = await temporaryFolder();
  const file = `${folder.path}/admin.token`;
  const [first, second] = [newToken(), newToken()];
  await Deno.writeTextFile(file, `${first}\n`);
  await registerAdminToken(at.database, { file, make: false, log });
  await Deno.writeTextFile(file, second);
  await registerAdminToken(at.database, { file, make: false, log });
  assertFalse(await isValid(at.database, first));
  assert(await isValid(at.database, second));
  const lines: string[] = [];
  await Deno.writeTextFile(file, first);
  await registerAdminToken(at.database, { file, make: false, log: createLog({ write: (line) => lines.push(line) }) });
  assert(lines.some((line) => line.includes("it was revoked")), "a revoked token came back to life, or nobody said so");
  assertFalse(await isValid(at.database, first));
});

Deno.test("registerAdminToken() says that a file is missing or holds no token, and not what it holds", async () => {
  await using at = await testDatabase();
  await using folder = await temporaryFolder();
  const file = `${folder.path}/admin.token`;
  const register = () => registerAdminToken(at.database, { file, make: false, log });
  await assertRejects(register, ConfigurationError, `Cannot read ADMIN_TOKEN_FILE ${file}: make it with`);
  await Deno.writeTextFile(file, "hunter2");
  const { message } = await assertRejects(register, ConfigurationError, "it holds no token");
  assertFalse(message.includes("hunter2"));
});

Deno.test({
  name: "registerAdminToken() without a file says how to make one, until there is a token",
  ...needs("openssl"),
  async fn() {
    await using at = await testDatabase();
    const lines: string[] = [];
    const log = createLog({ write: (line) => lines.push(line) });
    await registerAdminToken(at.database, { file: null, make: false, log });
    const command = /Make one: (.*); then/.exec(lines[0] ?? "")?.[1] ?? "";
    await using folder = await temporaryFolder();
    const { success } = await new Deno.Command("sh", { args: ["-c", command], cwd: folder.path }).output();
    assert(success);
    await registerAdminToken(at.database, { file: `${folder.path}/admin.token`, make: false, log });
    await registerAdminToken(at.database, { file: null, make: false, log });
    assertEquals(lines.length, 1);
  },
});

Deno.test("isGatewayToken() holds a token to the gateway's name", async () => {
  await using at = await testDatabase();
  const token = newToken();
  await at.database.sql`
    insert into gateways (tenant_id, gateway_id, token_hash)
    values (1, 'GW-0001', ${hashToken(token)}), (1, 'GW-0002', sha256('x'))`;
  assert(await isGatewayToken(at.database, "GW-0001", token));
  assertFalse(await isGatewayToken(at.database, "GW-0002", token));
  assertFalse(await isGatewayToken(at.database, "GW-0003", token));
  assertFalse(await isGatewayToken(at.database, "GW-0001", ""));
});
