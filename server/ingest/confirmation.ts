import { type Confirmation, toRanges } from "@mbus-gateway/wire";
import type { Tx } from "../db/mod.ts";
import type { ReadMessage } from "./incoming.ts";

/** The sequence numbers that a gateway asks about, both ends included. */
export interface ConfirmationWindow {
  tenantId: number;
  gateway: string;
  epoch: string;
  oldest: number;
  newest: number;
}

/** The most ranges of one answer; the rest is asked again with the next heartbeat. */
const MAX_RANGES = 10_000;

/**
 * What is committed of a window, as the answer to a heartbeat: exactly the readouts whose telegrams are stored, as
 * rows or in packs, or that lie in the quarantine. Works under `mbus_api` and `mbus_ingest`.
 */
export async function confirmationOf(tx: Tx, window: ConfirmationWindow): Promise<Confirmation> {
  const { tenantId, gateway, epoch, oldest, newest } = window;
  const of = tx`tenant_id = ${tenantId} and gateway_id = ${gateway} and epoch = ${epoch}`;
  const ranges = await tx<{ first: string; last: string }[]>`
    with held as (
      select seq from telegrams where ${of} and seq between ${oldest} and ${newest} and position = 0
      union
      select seq from quarantine where ${of} and seq between ${oldest} and ${newest}
    ), runs as (
      select int8range(min(seq), max(seq), '[]') as run
      from (select seq, seq - row_number() over (order by seq) as island from held) numbered
      group by island
      union all
      select unnest(seqs * int8multirange(int8range(${oldest}, ${newest}, '[]'))) from telegram_packs
      where ${of} and upper(seqs) > ${oldest} and lower(seqs) <= ${newest}
    )
    select lower(run) as first, upper(run) - 1 as last
    from (select unnest(range_agg(run)) as run from runs) joined
    order by first
    limit ${MAX_RANGES}`;
  const held = ranges.map(({ first, last }): [number, number] => [Number(first), Number(last)]);
  return { gateway, epoch, held, refused: [] };
}

/** What a message's commit made true: all of it is held, but for what was refused. */
export function confirmationOfMessage(read: ReadMessage): Confirmation {
  const { message, epoch, readouts, setAside, refused } = read;
  const held = [...readouts, ...setAside].flatMap(({ seq }) => seq ?? []);
  return { gateway: message.gateway, epoch, held: toRanges(held), refused };
}

/** One confirmation for each gateway and epoch, in the place of several. */
export function mergeConfirmations(confirmations: Confirmation[]): Confirmation[] {
  const merged = new Map<string, { seqs: Set<number>; confirmation: Confirmation }>();
  for (const confirmation of confirmations) {
    const key = `${confirmation.gateway} ${confirmation.epoch}`;
    const entry = merged.get(key) ?? { seqs: new Set(), confirmation: { ...confirmation, held: [], refused: [] } };
    for (const [first, last] of confirmation.held) {
      for (let seq = first; seq <= last; seq++) entry.seqs.add(seq);
    }
    entry.confirmation.refused.push(...confirmation.refused);
    merged.set(key, entry);
  }
  return [...merged.values()].map(({ seqs, confirmation }) => ({ ...confirmation, held: toRanges(seqs) }));
}
