import type postgres from "postgres";
import type { Database } from "./database.ts";

export type Tx = postgres.TransactionSql;

/**
 * Runs the body in a transaction: commits when it returns, rolls back when it throws. Within another transaction it is a
 * savepoint, so that an inner failure which the outer body catches costs the outer nothing.
 *
 * A statement that failed fails the transaction, even when the body swallowed its error: PostgreSQL would answer COMMIT
 * with ROLLBACK. When the connection is lost or the deadline passes it throws, and the next transaction has another
 * connection; whether a commit under way was carried out is unknown then, so what is repeated must bear repeating.
 *
 * @example
 * ```ts ignore
 * await transaction(database, async (tx) => {
 *   await tx`insert into properties …`;
 *   await transaction(tx, (inner) => inner`insert into units …`); // a savepoint
 * });
 * ```
 */
export function transaction<T>(database: Database | Tx, body: (tx: Tx) => Promise<T>): Promise<T> {
  if (isTransaction(database)) return database.savepoint(body) as Promise<T>;
  return database.run((sql) => sql.begin(body) as Promise<T>);
}

/** A transaction as the role `mbus_api`, which sees one tenant's rows and no others. */
export function tenantTransaction<T>(
  database: Database | Tx,
  tenantId: number,
  body: (tx: Tx) => Promise<T>,
): Promise<T> {
  return transactionAs(database, { role: "mbus_api", tenant: String(tenantId) }, body);
}

/** A transaction as the role `mbus_ingest`, which writes what gateways send, each for the tenant of its gateway's row. */
export function ingestTransaction<T>(database: Database | Tx, body: (tx: Tx) => Promise<T>): Promise<T> {
  return transactionAs(database, { role: "mbus_ingest", tenant: "" }, body);
}

/** A transaction as the role `mbus_auth`, which may only find out whose a token or a session is. */
export function authTransaction<T>(database: Database | Tx, body: (tx: Tx) => Promise<T>): Promise<T> {
  return transactionAs(database, { role: "mbus_auth", tenant: "" }, body);
}

interface Identity {
  role: string;
  tenant: string;
}

/** Even a superuser's connection is held to the role's policies, because the role is switched. */
function transactionAs<T>(database: Database | Tx, identity: Identity, body: (tx: Tx) => Promise<T>): Promise<T> {
  return transaction(database, async (tx) => {
    if (!isTransaction(database)) {
      await become(tx, identity);
      return await body(tx);
    }
    const [outer] = await tx<Identity[]>`
      select current_setting('role') as role, coalesce(current_setting('mbus.tenant', true), '') as tenant`;
    await become(tx, identity);
    const result = await body(tx);
    if (outer !== undefined) await become(tx, outer); // a released savepoint keeps its settings; a failed one does not
    return result;
  });
}

/** `set local role` and `set local mbus.tenant` in one round trip. */
async function become(tx: Tx, { role, tenant }: Identity) {
  await tx`select set_config('role', ${role}, true), set_config('mbus.tenant', ${tenant}, true)`;
}

function isTransaction(database: Database | Tx): database is Tx {
  return "savepoint" in database;
}
