-- Old telegrams, compressed: many of one gateway, epoch and month in a row. The columns beside the body are those by
-- which a pack is found; everything of each telegram is in the body, exactly (server/telegram_packs/pack_format.ts).

-- seqs: the numbers of its readouts, which are whole. meters: under which its telegrams are filed. radio_keys: the first
-- four bytes of the hash of each telegram that came by radio. received_at: when the last of them was.
create table telegram_packs (
  tenant_id         integer not null,
  gateway_id        text not null,
  epoch             uuid not null,
  first_read_at     timestamptz not null,
  last_read_at      timestamptz not null,
  first_telegram_id bigint not null,
  last_telegram_id  bigint not null,
  seqs              int8multirange not null,
  meters            int8multirange not null,
  radio_keys        integer[],
  received_at       timestamptz not null,
  telegrams         integer not null check (telegrams > 0),
  raw_bytes         integer not null,
  body              bytea not null,
  primary key (tenant_id, gateway_id, epoch, first_read_at, first_telegram_id)
) partition by range (first_read_at);
-- Compressed already: PostgreSQL need not try.
alter table telegram_packs alter column body set storage external;
alter table telegram_packs alter column radio_keys set storage external;
-- Heartbeats ask for the newest numbers of a gateway, which lie in no pack: that costs a look-up and no walk.
create index on telegram_packs (tenant_id, gateway_id, epoch, upper(seqs), lower(seqs));
create index on telegram_packs using gist (int8range(first_telegram_id, last_telegram_id, '[]'));
create index on telegram_packs (first_telegram_id);
create index on telegram_packs (tenant_id, first_read_at) where radio_keys is not null;

-- Telegrams read before this may lie in packs, said at that moment. Packing begins some minutes later, when every server
-- has heard of it. No row: nothing is packed.
create table telegram_packing (
  only_row      boolean primary key default true check (only_row),
  packed_before timestamptz not null,
  said_at       timestamptz not null default now()
);

-- How far a walk over stored telegrams has come in the packs, which come after the rows.
alter table redecode_runs add column next_pack_telegram_id bigint not null default 0;

-- Attached, not made as a partition: that would want the whole table for itself, and all ingest would wait behind a
-- long transaction.
create or replace function ensure_month(parent text, month date) returns void language plpgsql as $$
declare
  first date := date_trunc('month', month)::date;
  partition text := parent || to_char(first, '_YYYY_MM');
begin
  if parent not in ('telegrams', 'telegram_packs', 'readings') then
    raise exception 'Cannot create a partition: % is not partitioned', parent;
  end if;
  if to_regclass(partition) is not null then
    return;
  end if;
  perform pg_advisory_xact_lock(6410332, 2);
  -- Asked of the table: the look before may be remembered.
  if exists (
    select from pg_inherits join pg_class child on child.oid = inhrelid
    where inhparent = parent::regclass and child.relname = partition
  ) then
    return;
  end if;
  execute format('create table %I (like %I including all)', partition, parent);
  execute format(
    'alter table %I attach partition %I for values from (%L) to (%L)',
    parent, partition, first::timestamp at time zone 'UTC', (first + interval '1 month') at time zone 'UTC'
  );
end $$;

-- Gives back the space of a month whose telegrams are in packs, by writing what is left of it anew: under the lock of
-- CLUSTER nobody can add a row meanwhile, and none is lost. Not where it is small already, or where much is left (a
-- telegram takes about 250 bytes), for the lock keeps others waiting; a month in use is left for another time.
create function give_back_month(month date) returns boolean language plpgsql as $$
declare
  partition text := 'telegrams' || to_char(month, '_YYYY_MM');
  size bigint := coalesce(pg_relation_size(to_regclass(partition)), 0);
  most bigint := least(size / 1000, 50000);
  live bigint;
begin
  if size < 65536 then
    return false;
  end if;
  execute format('select count(*) from (select from %I limit %s) counted', partition, most + 1) into live;
  if live > most then
    return false;
  end if;
  perform set_config('lock_timeout', '1s', true);
  execute format('cluster %I using %I', partition, partition || '_pkey');
  return true;
exception when lock_not_available then
  return false;
end $$;

alter table telegram_packs enable row level security;
alter table telegram_packs force row level security;
create policy tenant on telegram_packs to mbus_api using (tenant_id = current_setting('mbus.tenant')::integer);
create policy ingest on telegram_packs to mbus_ingest using (true);

grant select on telegram_packs to mbus_api;
grant select, insert, update, delete on telegram_packs to mbus_ingest;
grant delete on telegrams to mbus_ingest;
grant select on telegram_packing to mbus_ingest;
