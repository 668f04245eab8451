import { assertEquals, assertRejects } from "@std/assert";
import { DatabaseError, openDatabase } from "../../../server/db/mod.ts";
import { testAuthority } from "../../fixtures/certificates.ts";
import { freshDatabase, privatePostgres } from "../../fixtures/private_postgres.ts";
import { needs } from "../../fixtures/needs.ts";

Deno.test({
  name: "openDatabase() encrypts, and believes only a certificate of its authority for this host",
  ...needs("initdb"),
  async fn() {
    await using authority = await testAuthority();
    await using other = await testAuthority();
    await using at = await freshDatabase({ migrated: false });
    const { cert, key } = await authority.server({ dns: ["localhost"], ip: [] });
    const [{ data } = { data: "" }] = await at.database.sql<{ data: string }[]>`
      select current_setting('data_directory') as data`;
    await Deno.writeTextFile(`${data}/server.crt`, cert);
    await Deno.writeTextFile(`${data}/server.key`, key);
    const { uid, gid } = await Deno.stat(data);
    await Deno.chown(`${data}/server.key`, uid, gid);
    await Deno.chmod(`${data}/server.key`, 0o600);
    const url = (host: string, ca: string) =>
      `postgres://postgres@${host}:${privatePostgres().port}/postgres?sslmode=verify-full&sslrootcert=${ca}/ca.crt`;
    await assertRejects(
      () => openDatabase({ url: url("localhost", authority.folder) }),
      DatabaseError,
      "see that PostgreSQL runs there with TLS",
    );
    await at.database.sql`alter system set ssl = on`;
    await at.database.sql`select pg_reload_conf()`;
    {
      await using database = await openDatabase({ url: url("localhost", authority.folder), maxConnections: 1 });
      assertEquals(
        (await database.sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`)[0]?.ssl,
        true,
      );
    }
    await assertRejects(() => openDatabase({ url: url("127.0.0.1", authority.folder) }), DatabaseError, "IP");
    await assertRejects(() => openDatabase({ url: url("localhost", other.folder) }), DatabaseError, "ertificate");
  },
});
