import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createIngest } from "../../../server/ingest/mod.ts";
import { embeddedFolder } from "../../fixtures/embedded_folder.ts";
import { needs } from "../../fixtures/needs.ts";
import { freshDatabase } from "../../fixtures/private_postgres.ts";
import { heatMeterFrame, payload, readout } from "../../fixtures/readouts.ts";
import { runToEnd, serverRights } from "../../fixtures/server_process.ts";

const KEY = "000102030405060708090A0B0C0D0E0F";

/** Runs a verb of the server as an operator does, with the server's rights and more files to read. */
function operate(env: Record<string, string>, args: string[]) {
  return runToEnd([...serverRights(env), "server/main.ts", ...args], env);
}

Deno.test({
  name: "redecode decodes stored telegrams again, all or one meter's, and says what changed",
  ...needs("initdb"),
  async fn() {
    await using at = await freshDatabase();
    const env = { DATABASE_URL: at.url };
    await at.database.sql`
      insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', sha256('one'))`;
    const { ingest } = createIngest({ database: at.database, now: () => new Date("2026-01-31T12:00:00.000Z") });
    const other = readout({ seq: 2, frames: [heatMeterFrame({ identification: "00000042" })] });
    await ingest([{ origin: "mqtt", gateway: "GW-0001", payload: payload([readout(), other]) }]);
    await at.database.sql`update readings set value = 1`;

    const one = await operate(env, ["redecode", "--since", "2026-01-01", "--meter", "MGW:12345678:1:4", "--json"]);
    assertEquals([one.code, one.stderr], [0, ""]);
    assertEquals(JSON.parse(one.stdout), { done: 1, total: 1, changed: 1, resumed: false, finished: true });
    const all = await operate(env, ["redecode", "--since", "2026-01-01T00:00:00Z"]);
    assertEquals([all.code, all.stdout], [0, "2 telegrams decoded again, 1 readings changed\n"]);

    const missing = await operate(env, ["redecode"]);
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.stderr, "--since is missing");
    const nobody = await operate(env, ["redecode", "--since", "2026-01-01", "--meter", "nobody"]);
    assertEquals(nobody.code, 2);
    assertStringIncludes(nobody.stderr, 'there is no meter "nobody"');
    const help = await operate(env, ["redecode", "--help"]);
    assertStringIncludes(help.stdout, "Ctrl-C stops after the batch under way");
  },
});

Deno.test({
  name: "meter-keys keeps, lists and rotates keys, and shows none",
  ...needs("initdb"),
  async fn() {
    await using at = await freshDatabase();
    const folder = await Deno.makeTempDir();
    await using _ = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
    const [first, second, keys] = ["first", "second", "keys"].map((name) => `${folder}/${name}`);
    assert(first !== undefined && second !== undefined && keys !== undefined);
    await Deno.writeTextFile(first, "11".repeat(32));
    await Deno.writeTextFile(second, "22".repeat(32));
    await Deno.writeTextFile(keys, `ELS 44493951 ${KEY}\nKAM 1234 ${KEY}\n`);
    const env = { DATABASE_URL: at.url, METER_KEYS_SECRET_FILE: first };

    const imported = await runToEnd(
      ["-P=server", "--allow-net", `--allow-read=${folder}`, "server/main.ts"]
        .concat("meter-keys", "import", keys),
      env,
    );
    assertEquals([imported.code, imported.stderr], [0, ""]);
    assertStringIncludes(imported.stdout, "2 keys are kept");
    const list = await operate(env, ["meter-keys", "list"]);
    assertEquals(list.stdout.split("\n").map((line) => line.slice(0, 12)), ["ELS 44493951", "KAM 00001234", ""]);
    assert(!list.stdout.includes(KEY));

    const moved = await operate({ ...env, METER_KEYS_SECRET_FILE: second, METER_KEYS_OLD_SECRET_FILE: first }, [
      "meter-keys",
      "rotate",
    ]);
    assertEquals([moved.code, moved.stdout.startsWith("2 keys are sealed under secret")], [0, true]);
    const stuck = await operate(env, ["meter-keys", "rotate"]);
    assertEquals(stuck.code, 1);
    assertStringIncludes(stuck.stderr, "Cannot move 2 keys, which neither secret opens: ELS 44493951, KAM 00001234");
    const wrong = await operate(env, ["meter-keys", "lst"]);
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.stderr, 'did you mean "list"?');
  },
});

Deno.test("meter-keys and redecode work on the embedded database of a folder, and make its secret once", async () => {
  await using prepared = await embeddedFolder();
  const folder = await Deno.makeTempDir();
  await using _ = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
  await Deno.rename(prepared.path, `${folder}/postgres`);
  await Deno.mkdir(prepared.path); // for its own disposal
  const env = { DATA_DIR: folder };
  const list = await operate(env, ["meter-keys", "list"]);
  assertEquals([list.code, list.stdout], [0, ""], list.stderr);
  const secret = await Deno.readTextFile(`${folder}/meter-keys.secret`);
  assertEquals((await operate(env, ["redecode", "--since", "2026-01-01"])).code, 0);
  assertEquals(await Deno.readTextFile(`${folder}/meter-keys.secret`), secret);
});
