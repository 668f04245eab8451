import type { DatabaseSync, StatementSync } from "node:sqlite";

const STATEMENTS = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

/**
 * The statement of a text that is asked again and again. SQLite's own memory of a statement that is prepared anew each
 * time is given back only when the collector comes by, and it knows nothing of that memory.
 *
 * @param sql one of a few constant texts.
 */
export function prepared(database: DatabaseSync, sql: string): StatementSync {
  let statements = STATEMENTS.get(database);
  if (statements === undefined) STATEMENTS.set(database, statements = new Map());
  let statement = statements.get(sql);
  if (statement === undefined) statements.set(sql, statement = database.prepare(sql));
  return statement;
}
