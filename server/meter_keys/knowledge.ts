import type { DecodeOptions, MeterAddress } from "@mbus-gateway/mbus";
import type { Log } from "@mbus-gateway/resource";
import { type Database, ingestTransaction } from "../db/mod.ts";
import { selectSealed } from "./meter_key_store.ts";
import { type KeySecret, openKey } from "./sealed_key.ts";

/** What is known of a tenant's meters beyond what their telegrams say; the decoder takes it as its options. */
export type TenantKnowledge = Required<Pick<DecodeOptions, "keys" | "formats">>;

/**
 * The keys and compact formats of all tenants, in memory: decoding asks at once. It is as new as the last `refresh`;
 * what came in between waits in the database and is decoded when it is known ({@linkcode decodeWaiting}).
 */
export interface Knowledge {
  of(tenantId: number): TenantKnowledge;
  refresh(): Promise<void>;
}

interface Tenant {
  keys: Map<string, Uint8Array>;
  formats: Map<number, Uint8Array>;
}

/** Nothing is known of anybody. */
export const NO_KNOWLEDGE: Knowledge = {
  of: () => ({ keys: () => null, formats: () => null }),
  refresh: () => Promise.resolve(),
};

/**
 * Reads what the database knows; call `refresh` before it is used, and now and then.
 *
 * @param secrets open the keys; one that none of them opens is as good as missing, and the log says so once.
 */
export function databaseKnowledge(database: Database, secrets: readonly KeySecret[], log: Log): Knowledge {
  let tenants = new Map<number, Tenant>();
  let warned = 0;

  return {
    of(tenantId) {
      const tenant = tenants.get(tenantId);
      return {
        keys: (meter) => tenant?.keys.get(nameOf(meter)) ?? null,
        formats: (signature) => tenant?.formats.get(signature) ?? null,
      };
    },
    async refresh() {
      const { sealed, formats } = await ingestTransaction(database, async (tx) => ({
        sealed: await selectSealed(tx),
        formats: await tx<{ tenantId: number; signature: number; format: Uint8Array }[]>`
          select tenant_id as "tenantId", signature, format from compact_formats`,
      }));
      const next = new Map<number, Tenant>();
      let closed = 0;
      for (const row of sealed) {
        const secret = secrets.find(({ id }) => id === row.secretId);
        const key = secret === undefined ? null : openKey(secret, row, row.sealed);
        if (key === null) closed++;
        else tenantIn(next, row.tenantId).keys.set(nameOf(row), key);
      }
      for (const { tenantId, signature, format } of formats) {
        tenantIn(next, tenantId).formats.set(signature, new Uint8Array(format));
      }
      tenants = next;
      if (closed > 0 && closed !== warned) {
        log.warn(
          "Cannot open all meter keys: they are sealed under another secret; set METER_KEYS_OLD_SECRET_FILE to it",
          { keys: closed },
        );
      }
      warned = closed;
    },
  };
}

function tenantIn(tenants: Map<number, Tenant>, tenantId: number): Tenant {
  const there = tenants.get(tenantId);
  if (there !== undefined) return there;
  const made: Tenant = { keys: new Map(), formats: new Map() };
  tenants.set(tenantId, made);
  return made;
}

function nameOf({ manufacturer, identification }: Pick<MeterAddress, "manufacturer" | "identification">): string {
  return `${manufacturer} ${identification}`;
}
