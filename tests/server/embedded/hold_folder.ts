// A process of its own that works on the embedded database until it is killed.
import { embeddedPostgres } from "../../../server/embedded/postgres.ts";
import { openDatabase } from "../../../server/db/mod.ts";

const postgres = await embeddedPostgres(Deno.args[0] ?? "");
const database = await openDatabase({ url: postgres.url, maxConnections: 1 });
await database.sql`create table if not exists notes (text text)`;
await database.sql`insert into notes values ('committed')`;
console.log("committed");
setInterval(() => {}, 1000);
