import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";
import { keyFingerprint, type KeyOwner, type KeySecret, openKey, sealKey } from "./sealed_key.ts";

/** What is told of a key; the key itself never leaves. */
export interface MeterKeyRow {
  manufacturer: string;
  identification: string;
  /** Eight hex digits by which two keys are told apart. */
  fingerprint: string;
  changedAt: Date;
}

/** A meter of a tenant and its AES-128 key. */
export interface MeterKey extends KeyOwner {
  /** 16 bytes. */
  key: Uint8Array;
}

/** Seals and keeps keys; one that is there already is replaced. */
export async function putMeterKeys(tx: Tx, secret: KeySecret, keys: readonly MeterKey[]): Promise<void> {
  if (keys.length === 0) return;
  const last = new Map(keys.map((key) => [`${key.tenantId} ${key.manufacturer} ${key.identification}`, key]));
  const rows = [...last.values()];
  await tx`
    insert into meter_keys as stored (tenant_id, manufacturer, identification, sealed, secret_id, fingerprint)
    select tenant_id, manufacturer, identification, decode(sealed, 'hex'), ${secret.id}, fingerprint
    from unnest(
      ${arrayLiteral(rows.map((row) => row.tenantId))}::text::integer[],
      ${arrayLiteral(rows.map((row) => row.manufacturer))}::text::text[],
      ${arrayLiteral(rows.map((row) => row.identification))}::text::text[],
      ${arrayLiteral(rows.map((row) => sealKey(secret, row, row.key).toHex()))}::text::text[],
      ${arrayLiteral(rows.map((row) => keyFingerprint(row, row.key)))}::text::text[]
    ) as row (tenant_id, manufacturer, identification, sealed, fingerprint)
    order by 1, 2, 3
    on conflict (tenant_id, manufacturer, identification) do update
      set sealed = excluded.sealed, secret_id = excluded.secret_id, fingerprint = excluded.fingerprint,
        changed_at = case when stored.fingerprint = excluded.fingerprint then stored.changed_at else now() end,
        applied_at = case when stored.fingerprint = excluded.fingerprint then stored.applied_at end`;
}

/** The tenant's keys by meter, those behind `after` (`"ELS 44493951"`). */
export function listMeterKeys(
  tx: Tx,
  { tenantId, after, limit }: { tenantId: number; after: string; limit: number },
): Promise<MeterKeyRow[]> {
  return tx<MeterKeyRow[]>`
    select manufacturer, identification, fingerprint, changed_at as "changedAt"
    from meter_keys
    where tenant_id = ${tenantId} and manufacturer || ' ' || identification > ${after}
    order by manufacturer, identification limit ${limit}`;
}

/** @returns whether there was one. */
export async function deleteMeterKey(tx: Tx, { tenantId, manufacturer, identification }: KeyOwner): Promise<boolean> {
  const gone = await tx`
    delete from meter_keys
    where tenant_id = ${tenantId} and manufacturer = ${manufacturer} and identification = ${identification}`;
  return gone.count > 0;
}

/** A key as it lies in the database. */
export interface SealedRow extends KeyOwner {
  sealed: Uint8Array;
  secretId: string;
}

/** All keys, of every tenant, sealed. Needs the role `mbus_ingest`. */
export function selectSealed(tx: Tx): Promise<SealedRow[]> {
  return tx<SealedRow[]>`
    select tenant_id as "tenantId", manufacturer, identification, sealed, secret_id as "secretId" from meter_keys`;
}

/** What a rotation did. */
export interface Rotation {
  moved: number;
  /** Keys that neither secret opens. */
  stuck: KeyOwner[];
}

/** Seals all keys under `current` that another secret sealed. Needs the role `mbus_ingest`. */
export async function rotateMeterKeys(tx: Tx, current: KeySecret, all: readonly KeySecret[]): Promise<Rotation> {
  const rotation: Rotation = { moved: 0, stuck: [] };
  const rows = await tx<SealedRow[]>`
    select tenant_id as "tenantId", manufacturer, identification, sealed, secret_id as "secretId"
    from meter_keys where secret_id <> ${current.id}
    order by tenant_id, manufacturer, identification for update`;
  for (const row of rows) {
    const secret = all.find(({ id }) => id === row.secretId);
    const key = secret === undefined ? null : openKey(secret, row, row.sealed);
    if (key === null) {
      rotation.stuck.push(row);
      continue;
    }
    await tx`
      update meter_keys set sealed = ${sealKey(current, row, key)}, secret_id = ${current.id}
      where tenant_id = ${row.tenantId} and manufacturer = ${row.manufacturer}
        and identification = ${row.identification}`;
    rotation.moved++;
  }
  return rotation;
}
