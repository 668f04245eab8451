import { resolve } from "node:path";

/** Where the socket of the embedded database in this folder is; the permission to use it names it. */
export function embeddedSocket(folder: string): string {
  return `${resolve(folder)}/.s.PGSQL.5432`;
}
