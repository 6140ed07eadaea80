-- $1 target key. The mirror's state of a target as a document of the API's shape (of a missing one what it was before; what it has
-- none of is null: an answer may lack that too), and
-- the fields' positions in the order of the document.
SELECT jsonb_build_object('data', jsonb_build_object(
         'name', v.name, 'modes', nullif(v.modes, '[]'), 'properties', v.properties, 'fields', f.fields))::text AS document,
       coalesce(f.positions, '{}') AS positions
FROM schemasync.target_state t
JOIN schemasync.target_version v ON v.target_key = t.key AND v.valid_to = coalesce(t.removed_at, 'infinity')
LEFT JOIN LATERAL (
  SELECT jsonb_agg(
           jsonb_build_object(
             'id', x.field_id, 'name', x.name, 'description', x.description, 'type', x.type, 'source_type', x.source_type,
             'required', x.required, 'createable', x.createable, 'updateable', x.updateable, 'filterable', x.filterable,
             'association', x.association, 'encryptable', x.encryptable, 'supports_identity', x.supports_identity,
             'identity_functions', x.identity_functions) || coalesce(x.extra, '{}'::jsonb)
           ORDER BY x.ordinal_position, x.field_id) AS fields,
         array_agg(x.ordinal_position ORDER BY x.ordinal_position, x.field_id) AS positions
  FROM schemasync.field_version x
  WHERE x.target_key = t.key AND x.valid_to = coalesce(t.removed_at, 'infinity')) f ON true
WHERE t.key = $1::integer
