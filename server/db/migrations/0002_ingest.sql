-- Ingest at the database's speed, and what a gateway says of a readout beside its telegrams.

-- rssi: how strongly a radio telegram came in, in dBm. flags: what the gateway noticed, such as 'implausible_jump'.
alter table telegrams add column rssi smallint check (rssi between -150 and 0);
alter table telegrams add column flags text[];

-- A process takes a thousand ids at once and hands them out itself, so that a telegram and its readings are written
-- without waiting for each other. The default of telegrams.telegram_id still gives a free one.
alter sequence telegram_ids increment by 1000;

-- The primary key finds the same rows in the same order, and each insert pays for one index instead of two. That exactly
-- one revision is current is kept by locking the rows of an instant before a revision is added.
drop index readings_tenant_id_series_id_time_idx;

-- What was put back after a fix stays, with the time at which it was taken in.
alter table quarantine add column replayed_at timestamptz;
create index on quarantine (tenant_id, quarantine_id);

-- Drops the partitions of a table that end at or before an instant, and says which.
create function drop_months_before(parent text, before timestamptz) returns setof text language plpgsql as $$
declare
  partition record;
begin
  if parent not in ('telegrams', 'readings') then
    raise exception 'Cannot drop partitions: % is not partitioned', parent;
  end if;
  perform pg_advisory_xact_lock(6410332, 2);
  for partition in
    select child.relname, substring(child.relname from '_(\d{4}_\d{2})$') as month
    from pg_inherits join pg_class child on child.oid = inhrelid
    where inhparent = parent::regclass
    order by 1
  loop
    if (to_date(partition.month, 'YYYY_MM') + interval '1 month') at time zone 'UTC' <= before then
      execute format('drop table %I', partition.relname);
      return next partition.relname;
    end if;
  end loop;
end $$;
