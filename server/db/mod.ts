/**
 * PostgreSQL: transactions that outlive a lost connection, roles, migrations, partitions.
 *
 * @module
 */
export { type Database, DatabaseError, openDatabase, type OpenDatabaseOptions, type Sql } from "./database.ts";
export { authTransaction, ingestTransaction, tenantTransaction, transaction, type Tx } from "./transaction.ts";
export { migrate, type Migration, migrations } from "./migrate.ts";
export { ensurePartitions } from "./partitions.ts";
export { dropExpired, type Retention } from "./retention.ts";
