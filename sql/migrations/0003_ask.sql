-- What people do about changes and problems.

CREATE TABLE schemasync.acknowledgements (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  change_id bigint,
  problem_id text COLLATE "C",
  action text NOT NULL CHECK (action IN ('ack', 'unack')),
  by text NOT NULL,
  db_user text NOT NULL DEFAULT session_user,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  note text,
  CHECK ((change_id IS NULL) <> (problem_id IS NULL))
);
COMMENT ON TABLE schemasync.acknowledgements IS 'One act of acknowledging a change or a problem, or of taking that back. Rows are only ever added.';
COMMENT ON COLUMN schemasync.acknowledgements.id IS 'The act''s number.';
COMMENT ON COLUMN schemasync.acknowledgements.change_id IS 'The change; null: the act was about a problem.';
COMMENT ON COLUMN schemasync.acknowledgements.problem_id IS 'The problem; null: the act was about a change.';
COMMENT ON COLUMN schemasync.acknowledgements.action IS 'ack: acknowledged; unack: that was taken back.';
COMMENT ON COLUMN schemasync.acknowledgements.by IS 'Who did it, as they said.';
COMMENT ON COLUMN schemasync.acknowledgements.db_user IS 'As whom the database knew them.';
COMMENT ON COLUMN schemasync.acknowledgements.at IS 'When.';
COMMENT ON COLUMN schemasync.acknowledgements.note IS 'What they noted.';

CREATE INDEX acknowledgements_of_change ON schemasync.acknowledgements (change_id) WHERE change_id IS NOT NULL;

-- Versions that ended, in the order in which retention deletes them. What is current costs this index nothing.
CREATE INDEX field_version_ended ON schemasync.field_version (valid_to) WHERE valid_to < 'infinity';
CREATE INDEX target_version_ended ON schemasync.target_version (valid_to) WHERE valid_to < 'infinity';
CREATE INDEX runs_started ON schemasync.runs (started_at);
