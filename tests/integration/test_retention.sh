#!/usr/bin/env bash
# Retention: what is older than it is to be kept goes, in batches; what is current or open never does. (test_roles.sh has a daemon
# do it.)
. "$(dirname "$0")/../support/expect.sh"

new_database retention
expect 0 "$SCHEMASYNCD" migrate
left() { sql -c "SELECT string_agg($1, ' ' ORDER BY $1) FROM schemasync.$2"; }

# Ages in days: each row's name says what is to become of it. One transaction, one time.
sql -1 <<'END'
INSERT INTO schemasync.connections (id, name) VALUES ('00000000-0000-4000-8000-000000000001', 'c');
INSERT INTO schemasync.runs (id, connection_id, trigger, started_at, finished_at, worker)
SELECT md5(name)::uuid, '00000000-0000-4000-8000-000000000001', 'schedule', now() - age * interval '1 day',
       CASE WHEN done THEN now() - age * interval '1 day' END, name
FROM (VALUES ('goes', 11, true), ('young', 9, true), ('unfinished', 11, false), ('has-open', 11, true), ('has-old', 11, true)) r (name, age, done);
INSERT INTO schemasync.incidents (id, connection_id, cause, severity, state, opened_at, resolved_at)
SELECT md5(name)::uuid, '00000000-0000-4000-8000-000000000001', cause::schemasync.incident_cause, 'breaking',
       state::schemasync.incident_state, now() - interval '40 days', CASE state WHEN 'resolved' THEN now() - age * interval '1 day' END
FROM (VALUES ('open', 'drift', 'open', 0), ('resolved', 'drift', 'resolved', 31), ('has-change', 'drift', 'resolved', 31),
             ('pending', 'suspect', 'resolved', 31), ('young', 'failing', 'resolved', 29)) i (name, cause, state, age);
INSERT INTO schemasync.changes (id, detected_at, run_id, connection_id, target_id, kind, incident_id, acknowledged_at, note)
SELECT id, now() - age * interval '1 day', md5(run)::uuid, '00000000-0000-4000-8000-000000000001', 'gone', 'target_changed',
       md5(incident)::uuid, CASE WHEN acknowledged THEN now() END, name
FROM (VALUES (1, 'goes', 31, 'has-old', NULL, true), (2, 'young', 29, 'has-open', NULL, true), (3, 'open', 31, 'has-open', NULL, false),
             (4, 'of-open-incident', 31, 'has-open', 'open', true), (5, 'goes-too', 31, 'has-old', 'resolved', true),
             (6, 'still-open', 31, 'has-open', 'has-change', false)) x (id, name, age, run, incident, acknowledged);
INSERT INTO schemasync.acknowledgements (change_id, action, by, at) VALUES (1, 'ack', 'me', now() - interval '31 days');
INSERT INTO schemasync.syncs (sync_id, active, connection_id, creates_target, read_at) VALUES ('s', true, '00000000-0000-4000-8000-000000000001', false, now());
INSERT INTO schemasync.sync_problem (sync_id, connection_id, target_id, problem, severity, since, ended_at)
SELECT 's', '00000000-0000-4000-8000-000000000001', 't', name, 'breaking', now() - interval '40 days', now() - age * interval '1 day'
FROM (VALUES ('goes', 31), ('young', 29), ('lasts', NULL)) p (name, age);
INSERT INTO schemasync.deliveries (alert, event, incident_id, created_at, pending_since, delivered_at, given_up_at, last_error)
SELECT alert, '{}', md5(incident)::uuid, now() - age * interval '1 day', now() - age * interval '1 day',
       now() - delivered * interval '1 day', now() - given_up * interval '1 day', name
FROM (VALUES ('a', 'goes', NULL, 21, 21, NULL), ('a', 'given-up-goes', NULL, 21, NULL, 21), ('b', 'goes-of-b', NULL, 25, 22, NULL),
             ('b', 'pending', 'pending', 21, NULL, NULL), ('b', 'young', NULL, 19, 19, NULL), ('c', 'sent-again', NULL, 21, 1, NULL))
  d (alert, name, incident, age, delivered, given_up);
INSERT INTO schemasync.target_state (key, connection_id, target_id, origin, state, first_seen_at, removed_at)
VALUES (1, '00000000-0000-4000-8000-000000000001', 'present', 'listed', 'present', now() - interval '90 days', NULL),
       (2, '00000000-0000-4000-8000-000000000001', 'gone', 'listed', 'missing', now() - interval '90 days', now() - interval '60 days');
INSERT INTO schemasync.field_version (target_key, field_id, ordinal_position, valid_from, valid_to, name)
SELECT t, f, 1, now() - since * interval '1 day', coalesce(now() - until * interval '1 day', 'infinity'), f || since
FROM (VALUES (1, 'a', 90, 70), (1, 'a', 70, 45), (1, 'a', 45, 30), (1, 'a', 30, NULL), (1, 'b', 90, 50), (1, 'c', 90, NULL),
             (2, 'd', 90, 80), (2, 'd', 80, 60), (2, 'e', 90, 65)) v (t, f, since, until);
INSERT INTO schemasync.target_version (target_key, name, valid_from, valid_to)
SELECT t, name, now() - since * interval '1 day', coalesce(now() - until * interval '1 day', 'infinity')
FROM (VALUES (1, 'old', 90, 42), (1, 'now', 42, NULL), (2, 'former', 90, 62), (2, 'last', 62, 60)) v (t, name, since, until);
END
before() { sql -c "SELECT string_agg(name, ' ' ORDER BY name) FROM schemasync.fields_as_of(now() - interval '$1 days')"; }
same "history before" "$(before 75)" "a90 b90 c90 d80 e90"

# --- for ever
same "nothing is to go" "$(sql -c "SELECT * FROM schemasync.prune(NULL, NULL, NULL, NULL, 1000)")" "0|0|0|0|0|0"
same "nothing has gone" "$(sql -c "SELECT (SELECT count(*) FROM schemasync.runs), (SELECT count(*) FROM schemasync.changes),
    (SELECT count(*) FROM schemasync.deliveries), (SELECT count(*) FROM schemasync.field_version)")" "5|6|6|9"

# --- each kind by itself
same "deliveries" "$(sql -c "SELECT * FROM schemasync.prune(NULL, '20 days', NULL, NULL, 1000)")" "0|3|0|0|0|0"
same "deliveries left" "$(left last_error deliveries)" "pending sent-again young"
same "changes" "$(sql -c "SELECT * FROM schemasync.prune(NULL, NULL, '30 days', NULL, 1000)")" "0|0|2|1|1|0"
same "changes left" "$(left note changes)" "of-open-incident open still-open young"
same "incidents left" "$(sql -c "SELECT count(*), count(*) FILTER (WHERE id = md5('resolved')::uuid) FROM schemasync.incidents")" "4|0"
same "problems left" "$(left problem sync_problem)" "lasts young"
same "acknowledgements stay" "$(left change_id::text acknowledgements)" 1
same "runs" "$(sql -c "SELECT * FROM schemasync.prune('10 days', NULL, NULL, NULL, 1000)")" "2|0|0|0|0|0"
same "runs left" "$(left worker runs)" "has-open unfinished young"

# --- versions: the oldest first, in batches; history begins where they end
same "a batch of versions" "$(sql -c "SELECT * FROM schemasync.prune(NULL, NULL, NULL, '40 days', 2)")" "0|0|0|0|0|2"
same "versions left" "$(left name field_version)" "a30 a45 a70 b90 c90 d80 e90"
expect 1 sql -c "SELECT * FROM schemasync.fields_as_of(now() - interval '75 days')"
err "history before .* was deleted"
same "its code" "$(psql -X -q -v VERBOSITY=sqlstate -c "SELECT * FROM schemasync.fields_as_of(now() - interval '75 days')" 2>&1)" "ERROR:  SS004"
same "later times" "$(before 69)" "a70 b90 c90 d80 e90"
expect 64 "$SCHEMASYNCD" --database "dbname=$PGDATABASE" fields c present --as-of 75d
err "history before .* was deleted"
same "the rest, also of the targets' own" "$(sql -c "SELECT * FROM schemasync.prune(NULL, NULL, NULL, '40 days', 1000)")" "0|0|0|0|0|5"
same "what is current, and what a missing target was last" "$(left name field_version)" "a30 a45 c90 d80"
same "the targets' own" "$(left name target_version)" "last now"
same "what targets shows" "$(left name targets)" "last now"
same "the horizon is exact" "$(sql -c "SELECT versions_since = (SELECT valid_from FROM schemasync.target_version WHERE name = 'now') FROM schemasync.horizon")" t
same "history after it" "$(before 41)" "a45 c90"
same "nothing more is to go" "$(sql -c "SELECT * FROM schemasync.prune('10 days', '20 days', '30 days', '40 days', 1000)")" "0|0|0|0|0|0"
same "the horizon stays" "$(sql -c "SELECT versions_since > now() - interval '43 days' FROM schemasync.horizon")" t

# --- a batch counts all kinds together
sql -c "UPDATE schemasync.runs SET finished_at = started_at WHERE worker = 'unfinished'" \
    -c "UPDATE schemasync.changes SET acknowledged_at = now() WHERE id IN (3, 6)"
same "one row" "$(sql -c "SELECT * FROM schemasync.prune('10 days', NULL, '30 days', NULL, 1)")" "1|0|0|0|0|0"
same "another" "$(sql -c "SELECT * FROM schemasync.prune('10 days', NULL, '30 days', NULL, 1)")" "0|0|1|0|0|0"

# --- one at a time: while another deletes there is no answer
sql -c "BEGIN" -c "SELECT * FROM schemasync.prune(NULL, NULL, NULL, NULL, 1)" -c "SELECT pg_sleep(60)" >/dev/null 2>&1 &
other=$!
for _ in $(seq 200); do
    [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid() AND datname = current_database()")" = 1 ] && break
    sleep 0.05
done
same "no row" "$(sql -c "SELECT count(*) FROM schemasync.prune('1 day', '1 day', '1 day', '1 day', 1000)")" 0
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid() AND datname = current_database()" >/dev/null
wait "$other" 2>/dev/null
same "then it goes on" "$(sql -c "SELECT count(*) FROM schemasync.prune('1 day', '1 day', '1 day', '1 day', 1000)")" 1

expect_done
