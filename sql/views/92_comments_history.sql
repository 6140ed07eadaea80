-- What the views of history and their columns mean.

COMMENT ON VIEW schemasync.field_attributes IS 'One row an attribute of a field as it is now, and since when it is so.';
COMMENT ON COLUMN schemasync.field_attributes.connection IS 'The connection''s name.';
COMMENT ON COLUMN schemasync.field_attributes.target_id IS 'The target.';
COMMENT ON COLUMN schemasync.field_attributes.field_id IS 'The field.';
COMMENT ON COLUMN schemasync.field_attributes.attribute IS 'The attribute, as in the log of changes; extra.KEY for a member that the API sent beyond those known.';
COMMENT ON COLUMN schemasync.field_attributes.value IS 'Its value; null where it has none.';
COMMENT ON COLUMN schemasync.field_attributes.since IS 'When it took this value, as far as is known: see since_is_exact.';
COMMENT ON COLUMN schemasync.field_attributes.since_is_exact IS 'True: a change says so (it came between that change''s previous_seen_at and detected_at). False: it was already so at the first look, or was taken in without a change.';
COMMENT ON COLUMN schemasync.field_attributes.change_id IS 'The change that says so: of the attribute, of the field that was added, or of the target that came back.';
COMMENT ON COLUMN schemasync.field_attributes.connection_id IS 'The connection''s id: a name may have been used before.';

COMMENT ON VIEW schemasync.target_attributes IS 'One row an attribute of a target as it is now, and since when it is so.';
COMMENT ON COLUMN schemasync.target_attributes.connection IS 'The connection''s name.';
COMMENT ON COLUMN schemasync.target_attributes.target_id IS 'The target.';
COMMENT ON COLUMN schemasync.target_attributes.attribute IS 'name, properties.KEY or modes.MODE.';
COMMENT ON COLUMN schemasync.target_attributes.value IS 'Its value; null where it has none. Of a mode the whole of it.';
COMMENT ON COLUMN schemasync.target_attributes.since IS 'When it took this value, as far as is known: see since_is_exact.';
COMMENT ON COLUMN schemasync.target_attributes.since_is_exact IS 'True: a change says so. False: it was already so at the first look, or was taken in without a change.';
COMMENT ON COLUMN schemasync.target_attributes.change_id IS 'The change that says so: of the attribute, of the mode, or of the target that came back.';
COMMENT ON COLUMN schemasync.target_attributes.connection_id IS 'The connection''s id: a name may have been used before.';
