-- Consumption: where meters are placed, what their counters consumed by hour, day and month, and billing periods.

-- A meter in a unit, in the part that it plays there ('heat', 'cold_water'); valid_to is behind the last instant, null
-- while it is there. A meter is in one place at a time: ranges of one value stand for equality, which needs no extension.
create table placements (
  tenant_id    integer not null,
  placement_id bigint generated always as identity,
  unit_id      bigint not null,
  meter_id     bigint not null,
  role         text not null check (role ~ '^[a-z][a-z0-9_]{0,31}$'),
  valid_from   timestamptz not null,
  valid_to     timestamptz check (valid_to > valid_from),
  primary key (tenant_id, placement_id),
  foreign key (tenant_id, unit_id) references units,
  foreign key (tenant_id, meter_id) references meters,
  constraint one_place_at_a_time exclude using gist (
    int4range(tenant_id, tenant_id, '[]') with &&,
    int8range(meter_id, meter_id, '[]') with &&,
    tstzrange(valid_from, valid_to) with &&
  )
);
create index on placements (tenant_id, unit_id);

-- What a person read from the dial when the meter was put in ('start', at valid_from) or taken out ('end', at valid_to).
create table placement_readings (
  tenant_id    integer not null,
  placement_id bigint not null,
  moment       text not null check (moment in ('start', 'end')),
  quantity     text not null,
  unit         text not null,
  value        numeric not null,
  primary key (tenant_id, placement_id, moment, quantity, unit),
  foreign key (tenant_id, placement_id) references placements on delete cascade
);

-- The dial of a counter: its last digit's power of ten in the series' unit, and how many digits it has where the
-- telegram says so (BCD). Null: a floating point number, which has no dial.
create table series_registers (
  tenant_id integer not null,
  series_id bigint not null,
  exponent  smallint,
  digits    smallint,
  primary key (tenant_id, series_id),
  foreign key (tenant_id, series_id) references series
);

-- What a series consumed. placement_id 0: while the meter was in no unit; its periods are UTC's then. period_start and
-- period_end are the calendar's, in the property's time zone; amount is of that part of it in which the meter was placed
-- there. start_interpolated, end_interpolated: the value at that edge lies between readings that are far apart. partial:
-- the readings do not reach from edge to edge.
create table consumption (
  tenant_id          integer not null,
  series_id          bigint not null,
  placement_id       bigint not null,
  resolution         text not null check (resolution in ('hour', 'day', 'month')),
  period_start       timestamptz not null,
  period_end         timestamptz not null,
  amount             numeric not null,
  start_interpolated boolean not null,
  end_interpolated   boolean not null,
  partial            boolean not null,
  flags              text[] not null,
  primary key (tenant_id, series_id, placement_id, resolution, period_start),
  foreign key (tenant_id, series_id) references series
);

-- Whose readings changed between which instants: one row a statement and day, only ever added, so that servers taking in
-- never wait for each other; the one that reckons deletes what it has done. replaced: meters were put in or taken out, and
-- what stood there before goes.
create table consumption_changes (
  change_id  bigint generated always as identity primary key,
  tenant_id  integer not null,
  first      timestamptz not null,
  last       timestamptz not null,
  series_ids bigint[] not null,
  replaced   boolean not null default false
);
alter table consumption_changes alter column series_ids set storage external;

create function note_changed_readings() returns trigger language plpgsql as $$
begin
  insert into consumption_changes (tenant_id, first, last, series_ids)
  select tenant_id, min(time), max(time), array_agg(series_id)
  from changed group by tenant_id, date_trunc('day', time, 'UTC');
  return null;
end $$;

create trigger note_inserted_readings after insert on readings
  referencing new table as changed for each statement execute function note_changed_readings();
create trigger note_updated_readings after update on readings
  referencing new table as changed for each statement execute function note_changed_readings();

-- What is there already is reckoned too.
insert into consumption_changes (tenant_id, first, last, series_ids)
select tenant_id, min(time), max(time), array_agg(distinct series_id)
from readings group by tenant_id, date_trunc('month', time, 'UTC');

-- A property's billing period: dates of its time zone, and the instants that they are; `to` is behind the last day.
create table billing_periods (
  tenant_id         integer not null,
  billing_period_id bigint generated always as identity,
  property_id       bigint not null,
  first_day         date not null,
  end_day           date not null check (end_day > first_day),
  first             timestamptz not null,
  until             timestamptz not null,
  closed_at         timestamptz,
  primary key (tenant_id, billing_period_id),
  foreign key (tenant_id, property_id) references properties,
  constraint no_day_billed_twice exclude using gist (
    int4range(tenant_id, tenant_id, '[]') with &&,
    int8range(property_id, property_id, '[]') with &&,
    daterange(first_day, end_day) with &&
  )
);

-- What was billed, as it stood when the period was closed.
create table billing_figures (
  tenant_id         integer not null,
  billing_period_id bigint not null,
  unit_id           bigint not null,
  role              text not null,
  series_id         bigint not null,
  amount            numeric not null,
  interpolated      boolean not null,
  partial           boolean not null,
  primary key (tenant_id, billing_period_id, unit_id, role, series_id),
  foreign key (tenant_id, billing_period_id) references billing_periods
);

-- What has to be added to a closed period's figures, for what became known after: one row each time.
create table billing_corrections (
  tenant_id         integer not null,
  correction_id     bigint generated always as identity,
  billing_period_id bigint not null,
  unit_id           bigint not null,
  role              text not null,
  series_id         bigint not null,
  amount            numeric not null,
  noted_at          timestamptz not null default now(),
  primary key (tenant_id, correction_id),
  foreign key (tenant_id, billing_period_id) references billing_periods
);
create index on billing_corrections (tenant_id, billing_period_id);

-- Nobody rewrites what was billed, whatever rights they have.
create function refuse_rewriting() returns trigger language plpgsql as $$
begin
  raise exception 'Cannot change %: what was billed stays as it is; a correction is added instead', tg_table_name;
end $$;
create trigger figures_stay before update or delete on billing_figures
  for each row execute function refuse_rewriting();
create trigger corrections_stay before update or delete on billing_corrections
  for each row execute function refuse_rewriting();
create trigger closed_stays before update or delete on billing_periods
  for each row when (old.closed_at is not null) execute function refuse_rewriting();

do $$
declare
  table_name text;
begin
  foreach table_name in array array['placements', 'placement_readings', 'series_registers', 'consumption',
    'consumption_changes', 'billing_periods', 'billing_figures', 'billing_corrections'] loop
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format(
      'create policy tenant on %I to mbus_api using (tenant_id = current_setting(''mbus.tenant'')::integer)',
      table_name
    );
    execute format('create policy ingest on %I to mbus_ingest using (true)', table_name);
  end loop;
  foreach table_name in array array['properties', 'units'] loop
    execute format('create policy ingest on %I for select to mbus_ingest using (true)', table_name);
  end loop;
end $$;

grant select, insert on placements, placement_readings, consumption_changes, billing_periods, billing_figures to mbus_api;
grant update (valid_to) on placements to mbus_api;
grant update (closed_at) on billing_periods to mbus_api;
grant select on consumption, billing_corrections to mbus_api;
grant select on properties, units, placements, placement_readings, billing_periods, billing_figures to mbus_ingest;
grant select, insert on series_registers, billing_corrections to mbus_ingest;
grant select, insert, delete on consumption, consumption_changes to mbus_ingest;
