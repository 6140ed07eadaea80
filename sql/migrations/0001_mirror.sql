-- The mirror: connections, targets and their fields with all their history, the log of changes, the runs.
--
-- Names: what people read is plural (targets, field_versions, changes: a table, or a view on others). The narrow tables that
-- the daemon writes are singular (target_state, field_version, target_version, staged_field...): inner matters, which may
-- change from release to release.

CREATE TYPE schemasync.target_origin AS ENUM ('listed', 'matched', 'synced', 'new');
CREATE TYPE schemasync.target_state_name AS ENUM ('pending', 'present', 'suspect', 'missing');
CREATE TYPE schemasync.severity AS ENUM ('info', 'warning', 'breaking');
CREATE TYPE schemasync.change_kind AS ENUM (
  'target_added', 'target_removed', 'target_changed', 'mode_added', 'mode_removed', 'mode_changed',
  'field_added', 'field_removed', 'field_changed');
CREATE TYPE schemasync.run_trigger AS ENUM ('schedule', 'manual');
CREATE TYPE schemasync.run_outcome AS ENUM ('ok', 'partial', 'failed', 'cancelled');

COMMENT ON TYPE schemasync.target_origin IS 'Why a target is mirrored: listed by its id, matched by an include glob, synced (a sync writes to it), or new (not created yet).';
COMMENT ON TYPE schemasync.target_state_name IS 'pending: no snapshot yet; present; suspect: a mass removal is held back; missing: confirmed gone.';
COMMENT ON TYPE schemasync.severity IS 'How much a change can hurt a sync; ordered: info < warning < breaking.';
COMMENT ON TYPE schemasync.change_kind IS 'What a row of changes tells of.';
COMMENT ON TYPE schemasync.run_trigger IS 'What started a run: the schedule, or a person.';
COMMENT ON TYPE schemasync.run_outcome IS 'ok; partial: some targets failed; failed: the run as a whole, or every target; cancelled.';

-- Which configuration counts, and who is at work.

CREATE TABLE schemasync.configuration (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  digest bytea NOT NULL,
  loaded_at timestamptz NOT NULL,
  loaded_by text NOT NULL
);
COMMENT ON TABLE schemasync.configuration IS 'Inner: the configuration that was loaded last. Daemons with another one claim nothing.';
COMMENT ON COLUMN schemasync.configuration.only_row IS 'Always true: there is one row.';
COMMENT ON COLUMN schemasync.configuration.digest IS 'SHA-256 of what must be the same for all daemons on this database.';
COMMENT ON COLUMN schemasync.configuration.loaded_at IS 'When it was loaded.';
COMMENT ON COLUMN schemasync.configuration.loaded_by IS 'The process that loaded it.';

CREATE TABLE schemasync.workers (
  worker text PRIMARY KEY,
  digest bytea NOT NULL,
  seen_at timestamptz NOT NULL
);
COMMENT ON TABLE schemasync.workers IS 'Inner: daemons at work on this database.';
COMMENT ON COLUMN schemasync.workers.worker IS 'The process: host, process id and a random part.';
COMMENT ON COLUMN schemasync.workers.digest IS 'The digest of its configuration.';
COMMENT ON COLUMN schemasync.workers.seen_at IS 'Its last sign of life; older than a minute: dead.';

-- Connections.

CREATE TABLE schemasync.connections (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  type text,
  status text,
  status_error text,
  managed boolean NOT NULL DEFAULT true,
  last_run_at timestamptz,
  last_success_at timestamptz,
  last_refresh_finished timestamptz,
  next_due_at timestamptz,
  own_due_at timestamptz,
  consecutive_failures integer NOT NULL DEFAULT 0,
  failing_since timestamptz,
  last_error text,
  schedule_interval interval,
  include_digest bytea,
  listed_at timestamptz,
  refreshes_targets boolean NOT NULL DEFAULT false,
  lease_owner text,
  lease_token bigint NOT NULL DEFAULT 0,
  lease_expires_at timestamptz
) WITH (fillfactor = 70);
CREATE INDEX connections_due ON schemasync.connections (next_due_at) WHERE managed;

COMMENT ON TABLE schemasync.connections IS 'One row a connection.';
COMMENT ON COLUMN schemasync.connections.id IS 'The connection''s id in the API.';
COMMENT ON COLUMN schemasync.connections.name IS 'Its name in the configuration: the label in tables, logs and commands.';
COMMENT ON COLUMN schemasync.connections.type IS 'The system it leads to, as the API names it.';
COMMENT ON COLUMN schemasync.connections.status IS 'Its status in the API at the last run: healthy, or not.';
COMMENT ON COLUMN schemasync.connections.status_error IS 'What the API says is wrong with it.';
COMMENT ON COLUMN schemasync.connections.managed IS 'Whether the configuration names it. One that was taken out keeps its rows.';
COMMENT ON COLUMN schemasync.connections.last_run_at IS 'When its last run began.';
COMMENT ON COLUMN schemasync.connections.last_success_at IS 'When the last run that did not fail as a whole ended.';
COMMENT ON COLUMN schemasync.connections.last_refresh_finished IS 'When the last schema refresh was over, by the API''s clock.';
COMMENT ON COLUMN schemasync.connections.next_due_at IS 'When something of it is due again.';
COMMENT ON COLUMN schemasync.connections.own_due_at IS 'Inner: when its own schedule is due again, that of its targets left aside: then the API''s list is asked for.';
COMMENT ON COLUMN schemasync.connections.consecutive_failures IS 'Runs that failed as a whole, in a row; 0 after a success.';
COMMENT ON COLUMN schemasync.connections.failing_since IS 'When the first of that row failed.';
COMMENT ON COLUMN schemasync.connections.last_error IS 'Why the last run failed as a whole; null after a success.';
COMMENT ON COLUMN schemasync.connections.schedule_interval IS 'The time between two looks: every, or a cron expression''s longest gap.';
COMMENT ON COLUMN schemasync.connections.include_digest IS 'Inner: the include items under which the targets were listed last.';
COMMENT ON COLUMN schemasync.connections.listed_at IS 'Inner: when that was.';
COMMENT ON COLUMN schemasync.connections.refreshes_targets IS 'Inner: its own refresh proved to be without effect, each target is refreshed by itself.';
COMMENT ON COLUMN schemasync.connections.lease_owner IS 'The process that works on it now.';
COMMENT ON COLUMN schemasync.connections.lease_token IS 'Grows with each claim: whoever comes with an older one records nothing.';
COMMENT ON COLUMN schemasync.connections.lease_expires_at IS 'When the lease ends unless it is renewed.';

-- Targets. The narrow row that each look updates; name, modes and properties stand in target_version.

CREATE TABLE schemasync.target_state (
  key integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  connection_id uuid NOT NULL REFERENCES schemasync.connections,
  target_id text COLLATE "C" NOT NULL,
  origin schemasync.target_origin NOT NULL,
  creation_properties jsonb,
  state schemasync.target_state_name NOT NULL DEFAULT 'pending',
  managed boolean NOT NULL DEFAULT true,
  not_listed_at timestamptz,
  field_count integer,
  refreshed_at timestamptz,
  api_version text,
  fingerprint bytea,
  first_seen_at timestamptz,
  last_seen_at timestamptz,
  last_changed_at timestamptz,
  removed_at timestamptz,
  held_since timestamptz,
  held_gone boolean NOT NULL DEFAULT false,
  held_fields text[],
  accepted_at timestamptz,
  schedule_interval interval,
  next_due_at timestamptz,
  consecutive_failures integer NOT NULL DEFAULT 0,
  failing_since timestamptz,
  last_error text,
  UNIQUE (connection_id, target_id)
) WITH (fillfactor = 60);

COMMENT ON TABLE schemasync.target_state IS 'Inner: what is known of a target beside its fields; read the view targets.';
COMMENT ON COLUMN schemasync.target_state.key IS 'The inner key of a target.';
COMMENT ON COLUMN schemasync.target_state.connection_id IS 'The connection.';
COMMENT ON COLUMN schemasync.target_state.target_id IS 'The target''s id in the API, or new: and its label.';
COMMENT ON COLUMN schemasync.target_state.origin IS 'Why it is mirrored.';
COMMENT ON COLUMN schemasync.target_state.creation_properties IS 'The inputs of a target that is not created yet.';
COMMENT ON COLUMN schemasync.target_state.state IS 'pending, present, suspect or missing.';
COMMENT ON COLUMN schemasync.target_state.managed IS 'Whether the configuration takes it in.';
COMMENT ON COLUMN schemasync.target_state.not_listed_at IS 'An earlier listing, at this time, did not have it: its baseline makes a target_added. Null after that, or where there was none.';
COMMENT ON COLUMN schemasync.target_state.field_count IS 'The fields that the mirror has now.';
COMMENT ON COLUMN schemasync.target_state.refreshed_at IS 'refreshed_at of the last answer seen, one held back included.';
COMMENT ON COLUMN schemasync.target_state.api_version IS 'The API version that gave the last answer recorded.';
COMMENT ON COLUMN schemasync.target_state.fingerprint IS 'Stands for the answer that was recorded last; null where none does.';
COMMENT ON COLUMN schemasync.target_state.first_seen_at IS 'When the baseline was recorded.';
COMMENT ON COLUMN schemasync.target_state.last_seen_at IS 'Up to when the mirror is known to be true.';
COMMENT ON COLUMN schemasync.target_state.last_changed_at IS 'When something of it was last recorded.';
COMMENT ON COLUMN schemasync.target_state.removed_at IS 'When its removal was recorded; its last versions end then.';
COMMENT ON COLUMN schemasync.target_state.held_since IS 'Since when a mass removal is held back.';
COMMENT ON COLUMN schemasync.target_state.held_gone IS 'What is held back is the removal of the target itself.';
COMMENT ON COLUMN schemasync.target_state.held_fields IS 'The fields whose removal is held back.';
COMMENT ON COLUMN schemasync.target_state.accepted_at IS 'When a person accepted what is held back.';
COMMENT ON COLUMN schemasync.target_state.schedule_interval IS 'The time between two looks.';
COMMENT ON COLUMN schemasync.target_state.next_due_at IS 'When it is due again.';
COMMENT ON COLUMN schemasync.target_state.consecutive_failures IS 'Failures in a row.';
COMMENT ON COLUMN schemasync.target_state.failing_since IS 'When the first of that row failed.';
COMMENT ON COLUMN schemasync.target_state.last_error IS 'Why it failed last; null after a success.';

-- valid_to is infinity for what is current: so one index, the primary key, serves uniqueness, the present, the past and
-- replication. No foreign key to target_state: it would cost a look-up a row in the first load, and only the recording
-- functions write here.

CREATE TABLE schemasync.target_version (
  target_key integer NOT NULL,
  name text,
  modes jsonb,
  properties jsonb,
  valid_from timestamptz NOT NULL,
  valid_to timestamptz NOT NULL DEFAULT 'infinity',
  PRIMARY KEY (target_key, valid_to)
);
COMMENT ON TABLE schemasync.target_version IS 'Inner: a target''s name, modes and properties as they were; read the view target_versions.';
COMMENT ON COLUMN schemasync.target_version.target_key IS 'The target.';
COMMENT ON COLUMN schemasync.target_version.name IS 'Its label.';
COMMENT ON COLUMN schemasync.target_version.modes IS 'The sync modes that it offers, as the API sent them.';
COMMENT ON COLUMN schemasync.target_version.properties IS 'Its properties, as the API sent them.';
COMMENT ON COLUMN schemasync.target_version.valid_from IS 'Since when.';
COMMENT ON COLUMN schemasync.target_version.valid_to IS 'Until when; infinity: still.';

CREATE TABLE schemasync.field_version (
  id bigint GENERATED BY DEFAULT AS IDENTITY,
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_to timestamptz NOT NULL DEFAULT 'infinity',
  target_key integer NOT NULL,
  ordinal_position integer NOT NULL,
  field_id text COLLATE "C" NOT NULL,
  name text,
  description text,
  type text,
  source_type text,
  required boolean,
  createable boolean,
  updateable boolean,
  filterable boolean,
  association boolean,
  encryptable boolean,
  supports_identity boolean,
  identity_functions jsonb,
  extra jsonb,
  PRIMARY KEY (target_key, field_id, valid_to)
);
COMMENT ON TABLE schemasync.field_version IS 'Inner: a field as it was; read the views fields and field_versions.';
COMMENT ON COLUMN schemasync.field_version.id IS 'The version''s number.';
COMMENT ON COLUMN schemasync.field_version.valid_from IS 'Since when.';
COMMENT ON COLUMN schemasync.field_version.valid_to IS 'Until when; infinity: still.';
COMMENT ON COLUMN schemasync.field_version.target_key IS 'The target.';
COMMENT ON COLUMN schemasync.field_version.ordinal_position IS 'Its place in the API''s list, from 1; updated in place.';
COMMENT ON COLUMN schemasync.field_version.field_id IS 'The field''s id in the API.';
COMMENT ON COLUMN schemasync.field_version.name IS 'Its label.';
COMMENT ON COLUMN schemasync.field_version.description IS 'Its description.';
COMMENT ON COLUMN schemasync.field_version.type IS 'Its type in the sync service''s words.';
COMMENT ON COLUMN schemasync.field_version.source_type IS 'Its type in the destination''s own words.';
COMMENT ON COLUMN schemasync.field_version.required IS 'Whether a value must be given.';
COMMENT ON COLUMN schemasync.field_version.createable IS 'Whether it can be set when a record is created.';
COMMENT ON COLUMN schemasync.field_version.updateable IS 'Whether it can be set on a record that exists.';
COMMENT ON COLUMN schemasync.field_version.filterable IS 'Whether a sync can filter by it.';
COMMENT ON COLUMN schemasync.field_version.association IS 'Whether it refers to another object.';
COMMENT ON COLUMN schemasync.field_version.encryptable IS 'Whether a sync can encrypt it.';
COMMENT ON COLUMN schemasync.field_version.supports_identity IS 'Whether records can be matched by it.';
COMMENT ON COLUMN schemasync.field_version.identity_functions IS 'The ways in which records can be matched by it, as the API sent them.';
COMMENT ON COLUMN schemasync.field_version.extra IS 'Members beyond these, as the API sent them.';

-- The log of changes.

CREATE TABLE schemasync.changes (
  id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  detected_at timestamptz NOT NULL,
  run_id uuid NOT NULL,
  connection_id uuid NOT NULL REFERENCES schemasync.connections,
  target_id text COLLATE "C" NOT NULL,
  kind schemasync.change_kind NOT NULL,
  field_id text COLLATE "C",
  attribute text COLLATE "C",
  old_value jsonb,
  new_value jsonb,
  rule text,
  severity schemasync.severity,
  severity_if_used schemasync.severity,
  previous_seen_at timestamptz,
  related_change bigint,
  incident_id uuid,
  acknowledged_at timestamptz,
  acknowledged_by text,
  note text
);
CREATE INDEX changes_of_target ON schemasync.changes (connection_id, target_id, id);
CREATE INDEX changes_open ON schemasync.changes (connection_id, id) WHERE acknowledged_at IS NULL;
CREATE INDEX changes_detected ON schemasync.changes (detected_at);
CREATE INDEX changes_of_run ON schemasync.changes (run_id);

COMMENT ON TABLE schemasync.changes IS 'One row a change. Ids grow in the order of commit: id > last is a safe cursor.';
COMMENT ON COLUMN schemasync.changes.id IS 'The change''s number, growing in the order of commit.';
COMMENT ON COLUMN schemasync.changes.detected_at IS 'When it was recorded; also the bound of the versions that it made.';
COMMENT ON COLUMN schemasync.changes.run_id IS 'The run that found it.';
COMMENT ON COLUMN schemasync.changes.connection_id IS 'The connection.';
COMMENT ON COLUMN schemasync.changes.target_id IS 'The target.';
COMMENT ON COLUMN schemasync.changes.kind IS 'What happened.';
COMMENT ON COLUMN schemasync.changes.field_id IS 'The field; null where it is about a target or a mode.';
COMMENT ON COLUMN schemasync.changes.attribute IS 'What of it changed: a field''s attribute, MODE, MODE.KEY, name or properties.KEY.';
COMMENT ON COLUMN schemasync.changes.old_value IS 'The attribute''s value before; of something removed, the whole.';
COMMENT ON COLUMN schemasync.changes.new_value IS 'The attribute''s value after; of something added, the whole.';
COMMENT ON COLUMN schemasync.changes.rule IS 'The rule that judged it; null where it was not judged.';
COMMENT ON COLUMN schemasync.changes.severity IS 'How much it hurts as things are; null where it was not judged.';
COMMENT ON COLUMN schemasync.changes.severity_if_used IS 'How much it would hurt a sync that uses it; null where it was not judged.';
COMMENT ON COLUMN schemasync.changes.previous_seen_at IS 'It happened between this time and detected_at.';
COMMENT ON COLUMN schemasync.changes.related_change IS 'The other half of a likely renaming.';
COMMENT ON COLUMN schemasync.changes.incident_id IS 'The incident that it belongs to.';
COMMENT ON COLUMN schemasync.changes.acknowledged_at IS 'When it was acknowledged; null: it is open.';
COMMENT ON COLUMN schemasync.changes.acknowledged_by IS 'Who did; revert and ignore are the program''s own.';
COMMENT ON COLUMN schemasync.changes.note IS 'What was noted with that.';

-- Runs, and what one has found until it is recorded.

CREATE TABLE schemasync.runs (
  id uuid PRIMARY KEY,
  connection_id uuid NOT NULL REFERENCES schemasync.connections,
  trigger schemasync.run_trigger NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  outcome schemasync.run_outcome,
  target_count integer NOT NULL DEFAULT 0,
  changed_target_count integer NOT NULL DEFAULT 0,
  failed_target_count integer NOT NULL DEFAULT 0,
  change_count integer NOT NULL DEFAULT 0,
  error text,
  worker text NOT NULL
);
CREATE INDEX runs_of_connection ON schemasync.runs (connection_id, started_at);
CREATE INDEX runs_unfinished ON schemasync.runs (connection_id) WHERE finished_at IS NULL;

COMMENT ON TABLE schemasync.runs IS 'One pass over one connection.';
COMMENT ON COLUMN schemasync.runs.id IS 'The run''s id.';
COMMENT ON COLUMN schemasync.runs.connection_id IS 'The connection.';
COMMENT ON COLUMN schemasync.runs.trigger IS 'What started it.';
COMMENT ON COLUMN schemasync.runs.started_at IS 'When it began.';
COMMENT ON COLUMN schemasync.runs.finished_at IS 'When it was recorded; null: it is under way.';
COMMENT ON COLUMN schemasync.runs.outcome IS 'How it ended.';
COMMENT ON COLUMN schemasync.runs.target_count IS 'The targets that were looked at.';
COMMENT ON COLUMN schemasync.runs.changed_target_count IS 'Those of them that had changes.';
COMMENT ON COLUMN schemasync.runs.failed_target_count IS 'Those of them that failed.';
COMMENT ON COLUMN schemasync.runs.change_count IS 'The changes that were recorded.';
COMMENT ON COLUMN schemasync.runs.error IS 'Why it failed as a whole; abandoned: its process died.';
COMMENT ON COLUMN schemasync.runs.worker IS 'The process that did it.';

CREATE TYPE schemasync.look_outcome AS ENUM ('baseline', 'recorded', 'held', 'gone', 'absent', 'failed');
COMMENT ON TYPE schemasync.look_outcome IS 'Inner: what one look at a target came to, unless nothing had changed.';

CREATE TABLE schemasync.run_batch (
  run_id uuid NOT NULL,
  batch integer NOT NULL,
  PRIMARY KEY (run_id, batch)
);
COMMENT ON TABLE schemasync.run_batch IS 'Inner: batches of an unfinished run that have arrived, so that one that is sent twice counts once.';
COMMENT ON COLUMN schemasync.run_batch.run_id IS 'The run.';
COMMENT ON COLUMN schemasync.run_batch.batch IS 'The batch''s number in it.';

CREATE TABLE schemasync.staged_target (
  run_id uuid NOT NULL,
  batch integer NOT NULL,
  target_key integer NOT NULL,
  outcome schemasync.look_outcome NOT NULL,
  seen_at timestamptz,
  refreshed_at timestamptz,
  api_version text,
  fingerprint bytea,
  field_count integer,
  target_differs boolean NOT NULL DEFAULT false,
  name text,
  modes jsonb,
  properties jsonb,
  hold_anew boolean NOT NULL DEFAULT false,
  held_gone boolean NOT NULL DEFAULT false,
  held_fields text[],
  next_due_at timestamptz,
  error text,
  PRIMARY KEY (run_id, target_key)
);
COMMENT ON TABLE schemasync.staged_target IS 'Inner: what a run under way has found of a target.';
COMMENT ON COLUMN schemasync.staged_target.run_id IS 'The run.';
COMMENT ON COLUMN schemasync.staged_target.batch IS 'The batch in which it came.';
COMMENT ON COLUMN schemasync.staged_target.target_key IS 'The target.';
COMMENT ON COLUMN schemasync.staged_target.outcome IS 'What the look came to.';
COMMENT ON COLUMN schemasync.staged_target.seen_at IS 'Up to when the mirror is true thereby.';
COMMENT ON COLUMN schemasync.staged_target.refreshed_at IS 'refreshed_at of the answer.';
COMMENT ON COLUMN schemasync.staged_target.api_version IS 'The API version that answered.';
COMMENT ON COLUMN schemasync.staged_target.fingerprint IS 'The answer''s fingerprint, where it may stand for it.';
COMMENT ON COLUMN schemasync.staged_target.field_count IS 'The fields that the mirror has thereby.';
COMMENT ON COLUMN schemasync.staged_target.target_differs IS 'Whether name, modes and properties are to be written.';
COMMENT ON COLUMN schemasync.staged_target.name IS 'The name.';
COMMENT ON COLUMN schemasync.staged_target.modes IS 'The modes.';
COMMENT ON COLUMN schemasync.staged_target.properties IS 'The properties.';
COMMENT ON COLUMN schemasync.staged_target.hold_anew IS 'Of what is held back: the waiting time begins (again).';
COMMENT ON COLUMN schemasync.staged_target.held_gone IS 'The target''s own removal is held back.';
COMMENT ON COLUMN schemasync.staged_target.held_fields IS 'The fields whose removal is held back.';
COMMENT ON COLUMN schemasync.staged_target.next_due_at IS 'When it is due again, where it has a schedule of its own.';
COMMENT ON COLUMN schemasync.staged_target.error IS 'Why it failed.';

CREATE TABLE schemasync.staged_field (
  run_id uuid NOT NULL,
  target_key integer NOT NULL,
  seq integer NOT NULL,
  action text NOT NULL CHECK (action IN ('add', 'replace', 'remove', 'move')),
  ordinal_position integer NOT NULL,
  field_id text COLLATE "C" NOT NULL,
  name text,
  description text,
  type text,
  source_type text,
  required boolean,
  createable boolean,
  updateable boolean,
  filterable boolean,
  association boolean,
  encryptable boolean,
  supports_identity boolean,
  identity_functions jsonb,
  extra jsonb,
  PRIMARY KEY (run_id, target_key, seq)
);
COMMENT ON TABLE schemasync.staged_field IS 'Inner: what a run under way has found of a field.';
COMMENT ON COLUMN schemasync.staged_field.run_id IS 'The run.';
COMMENT ON COLUMN schemasync.staged_field.target_key IS 'The target.';
COMMENT ON COLUMN schemasync.staged_field.seq IS 'Its number within the target.';
COMMENT ON COLUMN schemasync.staged_field.action IS 'What is to be done: add, replace, remove, or move.';
COMMENT ON COLUMN schemasync.staged_field.ordinal_position IS 'As in field_version, like all that follow.';
COMMENT ON COLUMN schemasync.staged_field.field_id IS 'The field''s id.';
COMMENT ON COLUMN schemasync.staged_field.name IS 'Its label.';
COMMENT ON COLUMN schemasync.staged_field.description IS 'Its description.';
COMMENT ON COLUMN schemasync.staged_field.type IS 'Its type.';
COMMENT ON COLUMN schemasync.staged_field.source_type IS 'Its type in the destination''s words.';
COMMENT ON COLUMN schemasync.staged_field.required IS 'Whether a value must be given.';
COMMENT ON COLUMN schemasync.staged_field.createable IS 'Whether it can be set at creation.';
COMMENT ON COLUMN schemasync.staged_field.updateable IS 'Whether it can be set later.';
COMMENT ON COLUMN schemasync.staged_field.filterable IS 'Whether a sync can filter by it.';
COMMENT ON COLUMN schemasync.staged_field.association IS 'Whether it refers to another object.';
COMMENT ON COLUMN schemasync.staged_field.encryptable IS 'Whether a sync can encrypt it.';
COMMENT ON COLUMN schemasync.staged_field.supports_identity IS 'Whether records can be matched by it.';
COMMENT ON COLUMN schemasync.staged_field.identity_functions IS 'The ways to match by it.';
COMMENT ON COLUMN schemasync.staged_field.extra IS 'Members beyond these.';

CREATE TABLE schemasync.staged_change (
  run_id uuid NOT NULL,
  target_key integer NOT NULL,
  seq integer NOT NULL,
  kind schemasync.change_kind NOT NULL,
  field_id text COLLATE "C",
  attribute text COLLATE "C",
  old_value jsonb,
  new_value jsonb,
  PRIMARY KEY (run_id, target_key, seq)
);
COMMENT ON TABLE schemasync.staged_change IS 'Inner: a change that a run under way has found.';
COMMENT ON COLUMN schemasync.staged_change.run_id IS 'The run.';
COMMENT ON COLUMN schemasync.staged_change.target_key IS 'The target.';
COMMENT ON COLUMN schemasync.staged_change.seq IS 'Its number within the target.';
COMMENT ON COLUMN schemasync.staged_change.kind IS 'What happened.';
COMMENT ON COLUMN schemasync.staged_change.field_id IS 'The field.';
COMMENT ON COLUMN schemasync.staged_change.attribute IS 'The attribute.';
COMMENT ON COLUMN schemasync.staged_change.old_value IS 'Its value before.';
COMMENT ON COLUMN schemasync.staged_change.new_value IS 'Its value after.';

-- How far back history reaches.

CREATE TABLE schemasync.horizon (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  versions_since timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO schemasync.horizon DEFAULT VALUES;
COMMENT ON TABLE schemasync.horizon IS 'Inner: how far back history reaches.';
COMMENT ON COLUMN schemasync.horizon.only_row IS 'Always true: there is one row.';
COMMENT ON COLUMN schemasync.horizon.versions_since IS 'Versions that ended before were deleted: fields_as_of() of an earlier time is an error.';
