-- Consumption stays right when placements and time zones change, when readings are dropped, and when a counter errs.

-- Up to when the months of a table were dropped. What was reckoned from readings before stays as it is.
create table dropped_until (
  parent text primary key,
  until  timestamptz not null
);

create or replace function drop_months_before(parent text, before timestamptz) returns setof text language plpgsql as $$
declare
  partition record;
  month_end timestamptz;
begin
  if parent not in ('telegrams', 'telegram_packs', 'readings') then
    raise exception 'Cannot drop partitions: % is not partitioned', parent;
  end if;
  perform pg_advisory_xact_lock(6410332, 2);
  for partition in
    select child.relname, substring(child.relname from '_(\d{4}_\d{2})$') as month
    from pg_inherits join pg_class child on child.oid = inhrelid
    where inhparent = parent::regclass
    order by 1
  loop
    month_end := (to_date(partition.month, 'YYYY_MM') + interval '1 month') at time zone 'UTC';
    if month_end <= before then
      execute format('drop table %I', partition.relname);
      insert into dropped_until as known values (parent, month_end)
      on conflict on constraint dropped_until_pkey do update set until = greatest(known.until, excluded.until);
      return next partition.relname;
    end if;
  end loop;
end $$;

-- Telegrams of whose counters a gateway noted an implausible jump: a reading of theirs counts when those after it bear it
-- out. Apart from the telegrams, which may be kept for a shorter time than readings are.
create table implausible_telegrams (
  tenant_id   integer not null,
  telegram_id bigint not null,
  read_at     timestamptz not null,
  primary key (tenant_id, telegram_id)
);
alter table implausible_telegrams enable row level security;
alter table implausible_telegrams force row level security;
create policy ingest on implausible_telegrams to mbus_ingest using (true);

create function note_implausible_telegram() returns trigger language plpgsql as $$
begin
  insert into implausible_telegrams (tenant_id, telegram_id, read_at)
  values (new.tenant_id, new.telegram_id, new.read_at) on conflict do nothing;
  return null;
end $$;
create trigger note_implausible after insert on telegrams
  for each row when ('implausible_jump' = any (new.flags)) execute function note_implausible_telegram();

-- A billing period is dates of its property's calendar: where its time zone changes, so do the instants that they are.
alter table billing_periods drop column first, drop column until;

grant select on dropped_until to mbus_api, mbus_ingest;
grant select, insert, delete on implausible_telegrams to mbus_ingest;
grant delete on series_registers to mbus_ingest;
grant update (unit_id, meter_id, role, valid_from, valid_to), delete on placements to mbus_api;
grant delete on placement_readings to mbus_api;

-- What is there already: readings that were dropped before this was noted, and jumps, which are reckoned anew. As the role
-- that may see it: row-level security holds the owner of the tables too.
do $$
declare
  oldest timestamptz;
  reckoned boolean;
begin
  select min(to_date(substring(child.relname from '_(\d{4}_\d{2})$'), 'YYYY_MM')::timestamp at time zone 'UTC')
  into oldest
  from pg_inherits join pg_class child on child.oid = inhrelid
  where inhparent = 'readings'::regclass;
  set local role mbus_ingest;
  reckoned := exists (select from consumption where period_end <= oldest);
  reset role;
  if reckoned then
    insert into dropped_until (parent, until) values ('readings', oldest);
  end if;
end $$;

set local role mbus_ingest;
insert into implausible_telegrams (tenant_id, telegram_id, read_at)
select tenant_id, telegram_id, read_at from telegrams where 'implausible_jump' = any (flags);
insert into consumption_changes (tenant_id, first, last, series_ids)
select tenant_id, coalesce(corrected_read_at, read_at), coalesce(corrected_read_at, read_at), array_agg(series_id)
from telegrams join series using (tenant_id, meter_id)
where 'implausible_jump' = any (flags)
group by 1, 2;
reset role;
