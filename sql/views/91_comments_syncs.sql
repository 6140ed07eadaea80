-- What the views of syncs and their columns mean.

COMMENT ON COLUMN schemasync.drift.affected_syncs IS 'The active syncs that it touches: [{"id", "name"}].';

COMMENT ON VIEW schemasync.sync_problems IS 'A reason why a sync cannot work as things are, judged from the present state: it also sees what was broken before the first look.';
COMMENT ON COLUMN schemasync.sync_problems.problem_id IS 'The same while the problem lasts, another when it comes back.';
COMMENT ON COLUMN schemasync.sync_problems.sync_id IS 'The sync.';
COMMENT ON COLUMN schemasync.sync_problems.sync IS 'Its name.';
COMMENT ON COLUMN schemasync.sync_problems.active IS 'Whether it runs.';
COMMENT ON COLUMN schemasync.sync_problems.connection IS 'The connection''s name.';
COMMENT ON COLUMN schemasync.sync_problems.target_id IS 'The target that it writes to.';
COMMENT ON COLUMN schemasync.sync_problems.field_id IS 'The field that it is about; null: the target or the mode.';
COMMENT ON COLUMN schemasync.sync_problems.problem IS 'What is wrong: target-missing, field-missing, field-read-only, field-not-createable, field-not-updateable, must-supply-unmapped, identity-missing, identity-not-matchable, identity-function-missing, mode-not-offered, encryption-not-supported or filter-not-supported.';
COMMENT ON COLUMN schemasync.sync_problems.severity IS 'breaking: it cannot work; warning: the result may be another.';
COMMENT ON COLUMN schemasync.sync_problems.since IS 'Since when it is known.';
COMMENT ON COLUMN schemasync.sync_problems.acknowledged_at IS 'When it was acknowledged; null: it shuts the gate where it is breaking.';

COMMENT ON VIEW schemasync.sync_drift IS 'An open change that touches a sync.';
COMMENT ON COLUMN schemasync.sync_drift.sync_id IS 'The sync.';
COMMENT ON COLUMN schemasync.sync_drift.sync IS 'Its name.';
COMMENT ON COLUMN schemasync.sync_drift.change_id IS 'The change.';
COMMENT ON COLUMN schemasync.sync_drift.severity IS 'How much the change hurts as things are.';
COMMENT ON COLUMN schemasync.sync_drift.role IS 'How it touches the sync: mapping, override, identity or filter (its field), target, mode, or unmapped (it must now be supplied).';

COMMENT ON VIEW schemasync.sync_touch IS 'Inner: a change that touches a sync, acknowledged or not.';
COMMENT ON COLUMN schemasync.sync_touch.sync_id IS 'The sync.';
COMMENT ON COLUMN schemasync.sync_touch.sync IS 'Its name.';
COMMENT ON COLUMN schemasync.sync_touch.active IS 'Whether it runs.';
COMMENT ON COLUMN schemasync.sync_touch.change_id IS 'The change.';
COMMENT ON COLUMN schemasync.sync_touch.severity IS 'How much the change hurts as things are.';
COMMENT ON COLUMN schemasync.sync_touch.acknowledged_at IS 'When the change was acknowledged.';
COMMENT ON COLUMN schemasync.sync_touch.role IS 'How it touches the sync, as in sync_drift.';
