-- Which syncs use what: the model syncs that write to the mirrored connections, what is wrong with them as things are, and
-- the severity of changes.

CREATE TYPE schemasync.sync_role AS ENUM ('mapping', 'override', 'identity', 'filter');
COMMENT ON TYPE schemasync.sync_role IS 'How a sync uses a target''s field: it writes it (mapping), sets it to a constant (override), matches records by it (identity) or filters by it.';

ALTER TABLE schemasync.connections ADD COLUMN syncs_known boolean;
COMMENT ON COLUMN schemasync.connections.syncs_known IS 'Whether all syncs that write to it could be listed and read at the last run: else their use of fields is not known. Null: it was not tried yet.';

ALTER TABLE schemasync.target_state ADD COLUMN synced_at timestamptz;
COMMENT ON COLUMN schemasync.target_state.synced_at IS 'When a sync was last seen to write to it.';

ALTER TABLE schemasync.staged_change
  ADD COLUMN rule text,
  ADD COLUMN severity schemasync.severity,
  ADD COLUMN severity_if_used schemasync.severity,
  ADD COLUMN ignored boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN schemasync.staged_change.rule IS 'The rule that judged it.';
COMMENT ON COLUMN schemasync.staged_change.severity IS 'How much it hurts as things are.';
COMMENT ON COLUMN schemasync.staged_change.severity_if_used IS 'How much it would hurt a sync that uses it.';
COMMENT ON COLUMN schemasync.staged_change.ignored IS 'The configuration ignores the rule: it is acknowledged at once.';

CREATE TABLE schemasync.syncs (
  sync_id text COLLATE "C" PRIMARY KEY,
  name text,
  active boolean NOT NULL,
  mode text,
  connection_id uuid NOT NULL REFERENCES schemasync.connections,
  target_id text COLLATE "C",
  creates_target boolean NOT NULL,
  updated_at text,
  read_at timestamptz NOT NULL
);
CREATE INDEX syncs_of_target ON schemasync.syncs (connection_id, target_id);
COMMENT ON TABLE schemasync.syncs IS 'A model sync that writes to a mirrored connection.';
COMMENT ON COLUMN schemasync.syncs.sync_id IS 'The sync''s id in the API.';
COMMENT ON COLUMN schemasync.syncs.name IS 'Its name.';
COMMENT ON COLUMN schemasync.syncs.active IS 'Whether it runs.';
COMMENT ON COLUMN schemasync.syncs.mode IS 'How it writes: create, update, updateOrCreate, replace, append, remove, snapshot...';
COMMENT ON COLUMN schemasync.syncs.connection_id IS 'The connection that it writes to.';
COMMENT ON COLUMN schemasync.syncs.target_id IS 'The target that it writes to.';
COMMENT ON COLUMN schemasync.syncs.creates_target IS 'Whether it creates that target itself.';
COMMENT ON COLUMN schemasync.syncs.updated_at IS 'When it was changed last, as the API says it: it is read again when that moves.';
COMMENT ON COLUMN schemasync.syncs.read_at IS 'When it was read last.';

CREATE TABLE schemasync.sync_fields (
  sync_id text COLLATE "C" NOT NULL REFERENCES schemasync.syncs ON DELETE CASCADE,
  field_id text COLLATE "C" NOT NULL,
  role schemasync.sync_role NOT NULL,
  new_field boolean NOT NULL,
  encrypted boolean NOT NULL,
  sync_mode text,
  function_id text,
  PRIMARY KEY (sync_id, field_id, role)
);
COMMENT ON TABLE schemasync.sync_fields IS 'A target field that a sync writes, matches or filters by.';
COMMENT ON COLUMN schemasync.sync_fields.sync_id IS 'The sync.';
COMMENT ON COLUMN schemasync.sync_fields.field_id IS 'The target''s field.';
COMMENT ON COLUMN schemasync.sync_fields.role IS 'How it is used.';
COMMENT ON COLUMN schemasync.sync_fields.new_field IS 'Whether the sync creates the field itself.';
COMMENT ON COLUMN schemasync.sync_fields.encrypted IS 'Whether the sync encrypts it.';
COMMENT ON COLUMN schemasync.sync_fields.sync_mode IS 'The field''s own mode, where it has one.';
COMMENT ON COLUMN schemasync.sync_fields.function_id IS 'Of an identity: the function that records are matched by.';

CREATE TABLE schemasync.sync_problem (
  number bigint GENERATED ALWAYS AS IDENTITY,
  problem_id text COLLATE "C" PRIMARY KEY GENERATED ALWAYS AS ('p' || number) STORED,
  sync_id text COLLATE "C" NOT NULL,
  connection_id uuid NOT NULL,
  target_id text COLLATE "C" NOT NULL,
  field_id text COLLATE "C",
  problem text NOT NULL,
  severity schemasync.severity NOT NULL,
  since timestamptz NOT NULL,
  ended_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by text
);
CREATE UNIQUE INDEX sync_problem_open ON schemasync.sync_problem (sync_id, problem, coalesce(field_id, '')) WHERE ended_at IS NULL;
CREATE INDEX sync_problem_of_connection ON schemasync.sync_problem (connection_id) WHERE ended_at IS NULL;
COMMENT ON TABLE schemasync.sync_problem IS 'Inner: problems of syncs, those that are over too; read the view sync_problems.';
COMMENT ON COLUMN schemasync.sync_problem.number IS 'The problem''s number.';
COMMENT ON COLUMN schemasync.sync_problem.problem_id IS 'The problem''s id: the same while it lasts, another when it comes back.';
COMMENT ON COLUMN schemasync.sync_problem.sync_id IS 'The sync.';
COMMENT ON COLUMN schemasync.sync_problem.connection_id IS 'The connection that it writes to.';
COMMENT ON COLUMN schemasync.sync_problem.target_id IS 'The target that it writes to.';
COMMENT ON COLUMN schemasync.sync_problem.field_id IS 'The field that it is about; null: the target or the mode.';
COMMENT ON COLUMN schemasync.sync_problem.problem IS 'What is wrong.';
COMMENT ON COLUMN schemasync.sync_problem.severity IS 'breaking: it cannot work; warning: the result may be another.';
COMMENT ON COLUMN schemasync.sync_problem.since IS 'Since when it is known.';
COMMENT ON COLUMN schemasync.sync_problem.ended_at IS 'When it was over; null: it lasts.';
COMMENT ON COLUMN schemasync.sync_problem.acknowledged_at IS 'When it was acknowledged.';
COMMENT ON COLUMN schemasync.sync_problem.acknowledged_by IS 'Who did.';

-- Functions whose parameters are others now; they are made anew after the migrations.
DROP ROUTINE IF EXISTS schemasync.record_run;
DROP ROUTINE IF EXISTS schemasync.claim_due;
DROP ROUTINE IF EXISTS schemasync.claim_connection;
DROP ROUTINE IF EXISTS schemasync.begin_run;
