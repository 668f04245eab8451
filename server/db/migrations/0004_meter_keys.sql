-- Keys of encrypted meters, formats of compact frames, decoding again, and what is missing of each gateway.

-- A meter's AES-128 key, sealed: AES-256-GCM under the server's secret, which the database never sees. secret_id says
-- under which one (rotation); fingerprint lets a person compare keys without seeing them; applied_at: when the telegrams
-- that waited for it were last decoded.
create table meter_keys (
  tenant_id      integer not null references tenants,
  manufacturer   text not null check (manufacturer ~ '^[A-Z]{3}$'),
  identification text not null check (identification ~ '^[0-9A-F]{8}$'),
  sealed         bytea not null,
  secret_id      text not null,
  fingerprint    text not null,
  changed_at     timestamptz not null default now(),
  applied_at     timestamptz,
  primary key (tenant_id, manufacturer, identification)
);

-- What a full frame told of the compact frames of its kind (EN 13757-3, annex G).
create table compact_formats (
  tenant_id  integer not null references tenants,
  signature  integer not null check (signature between 0 and 65535),
  format     bytea not null,
  changed_at timestamptz not null default now(),
  applied_at timestamptz,
  primary key (tenant_id, signature)
);

-- What a telegram waits for before it can be decoded: 'key ELS 44493951' or 'format 4711'.
alter table telegrams add column waits_for text;
create index on telegrams (tenant_id, waits_for) where waits_for is not null;

-- One walk over stored telegrams with another decoder; next_telegram_id is where it goes on after a stop.
create table redecode_runs (
  run_id           bigint generated always as identity primary key,
  since            timestamptz not null,
  meter_id         bigint,
  decoder_version  smallint not null,
  next_telegram_id bigint not null default 0,
  telegrams        bigint not null default 0,
  changed          bigint not null default 0,
  started_at       timestamptz not null default now(),
  finished_at      timestamptz
);

-- What of a gateway's numbers is not here: found when a later one came. A gap that fills is deleted.
create table sequence_gaps (
  tenant_id  integer not null,
  gateway_id text not null,
  epoch      uuid not null,
  first_seq  bigint not null,
  last_seq   bigint not null check (last_seq >= first_seq),
  since      timestamptz not null,
  primary key (tenant_id, gateway_id, epoch, first_seq),
  foreign key (tenant_id, gateway_id) references gateways on delete cascade
);
-- Up to where the numbers of an epoch have been looked at.
create table sequence_marks (
  tenant_id  integer not null,
  gateway_id text not null,
  epoch      uuid not null,
  newest     bigint not null,
  primary key (tenant_id, gateway_id, epoch),
  foreign key (tenant_id, gateway_id) references gateways on delete cascade
);

-- The gateway's clock minus the server's when its last heartbeat came, in milliseconds; the way there is in it.
alter table gateways add column clock_offset_ms bigint;

do $$
declare
  table_name text;
begin
  foreach table_name in array array['meter_keys', 'compact_formats', 'sequence_gaps', 'sequence_marks'] loop
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    execute format(
      'create policy tenant on %I to mbus_api using (tenant_id = current_setting(''mbus.tenant'')::integer)',
      table_name
    );
    execute format('create policy ingest on %I to mbus_ingest using (true)', table_name);
  end loop;
end $$;

grant select, insert, update, delete on meter_keys to mbus_api;
grant select on compact_formats, sequence_gaps, sequence_marks to mbus_api;
grant select, update on meter_keys to mbus_ingest;
grant select, insert, update on compact_formats to mbus_ingest;
grant select, insert, update, delete on sequence_gaps, sequence_marks to mbus_ingest;
grant select, insert, update on redecode_runs to mbus_ingest;
grant update on meter_attributes to mbus_ingest;
grant update (meter_id, decoder_version, decode_error, waits_for) on telegrams to mbus_ingest;
