-- What people are told: incidents, whom to tell, and the events on their way.

CREATE TYPE schemasync.incident_cause AS ENUM ('drift', 'access_reduced', 'suspect', 'failing');
CREATE TYPE schemasync.incident_state AS ENUM ('open', 'resolved');
CREATE TYPE schemasync.trouble AS ENUM ('key', 'upstream');
COMMENT ON TYPE schemasync.incident_cause IS 'What an incident is about: changes (drift), many fields lost at once as if a permission were (access_reduced), mass removals held back (suspect), looks that fail (failing).';
COMMENT ON TYPE schemasync.incident_state IS 'open, or resolved.';
COMMENT ON TYPE schemasync.trouble IS 'A failure that is not the connection''s own: the API key is refused (key), or the API is away (upstream).';

ALTER TABLE schemasync.connections
  ADD COLUMN last_failed_at timestamptz,
  ADD COLUMN trouble schemasync.trouble;
COMMENT ON COLUMN schemasync.connections.last_failed_at IS 'When its last failed run was recorded.';
COMMENT ON COLUMN schemasync.connections.trouble IS 'Whether the last run failed for something that is not the connection''s own; null: it did not.';
CREATE INDEX connections_failing ON schemasync.connections (id) WHERE consecutive_failures > 0;

ALTER TABLE schemasync.target_state
  ADD COLUMN last_failed_at timestamptz,
  ADD COLUMN hold_ended_by text;
COMMENT ON COLUMN schemasync.target_state.last_failed_at IS 'When its last failure was recorded.';
COMMENT ON COLUMN schemasync.target_state.hold_ended_by IS 'How the last mass removal held back ended: accept (a person said so), confirmed (it lasted), recovery (it was none).';
CREATE INDEX target_state_troubled ON schemasync.target_state (connection_id)
  WHERE state = 'suspect' OR consecutive_failures > 1;

-- Incidents.

CREATE TABLE schemasync.incidents (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  connection_id uuid REFERENCES schemasync.connections,
  cause schemasync.incident_cause NOT NULL,
  severity schemasync.severity NOT NULL,
  state schemasync.incident_state NOT NULL DEFAULT 'open',
  flapping boolean NOT NULL DEFAULT false,
  opened_at timestamptz NOT NULL,
  resolved_at timestamptz,
  resolved_by text,
  quiet_since timestamptz
);
CREATE UNIQUE INDEX incidents_open ON schemasync.incidents (connection_id, cause) NULLS NOT DISTINCT WHERE state = 'open';
CREATE INDEX incidents_of_connection ON schemasync.incidents (connection_id, cause, opened_at);
COMMENT ON TABLE schemasync.incidents IS 'What people are told about: opened once, ended once.';
COMMENT ON COLUMN schemasync.incidents.id IS 'The incident''s id; what PagerDuty gets as dedup_key.';
COMMENT ON COLUMN schemasync.incidents.connection_id IS 'The connection; null: a refused API key, or an API that is away.';
COMMENT ON COLUMN schemasync.incidents.cause IS 'What it is about.';
COMMENT ON COLUMN schemasync.incidents.severity IS 'The highest so far.';
COMMENT ON COLUMN schemasync.incidents.state IS 'open until nothing of it is open any more.';
COMMENT ON COLUMN schemasync.incidents.flapping IS 'The third of its kind within 24 hours whose forerunners ended by themselves: it ends when nothing of it was open for 24 hours.';
COMMENT ON COLUMN schemasync.incidents.opened_at IS 'When it was opened.';
COMMENT ON COLUMN schemasync.incidents.resolved_at IS 'When it ended.';
COMMENT ON COLUMN schemasync.incidents.resolved_by IS 'How it ended: revert (changed back), acknowledgement, recovery, accept, confirmed (the removal lasted), or unmanaged.';
COMMENT ON COLUMN schemasync.incidents.quiet_since IS 'Of a flapping one: since when nothing of it is open.';

CREATE INDEX changes_of_incident ON schemasync.changes (incident_id) WHERE incident_id IS NOT NULL;

CREATE TABLE schemasync.incident_member (
  incident_id uuid NOT NULL REFERENCES schemasync.incidents ON DELETE CASCADE,
  connection_id uuid NOT NULL,
  target_key integer NOT NULL,
  joined_at timestamptz NOT NULL,
  left_at timestamptz,
  left_by text,
  PRIMARY KEY (incident_id, connection_id, target_key)
);
COMMENT ON TABLE schemasync.incident_member IS 'Inner: what is suspect or failing in an incident.';
COMMENT ON COLUMN schemasync.incident_member.incident_id IS 'The incident.';
COMMENT ON COLUMN schemasync.incident_member.connection_id IS 'The connection.';
COMMENT ON COLUMN schemasync.incident_member.target_key IS 'The target; 0: the connection itself.';
COMMENT ON COLUMN schemasync.incident_member.joined_at IS 'When it joined last.';
COMMENT ON COLUMN schemasync.incident_member.left_at IS 'When it was over for it; null: it lasts.';
COMMENT ON COLUMN schemasync.incident_member.left_by IS 'How that came.';

-- Whom to tell: the configuration's alerts and mutes, as the daemons that use this database loaded them. Globs stand here as
-- regular expressions; null: all.

CREATE TABLE schemasync.alert (
  name text COLLATE "C" PRIMARY KEY,
  kind text NOT NULL,
  events text,
  min_severity schemasync.severity NOT NULL,
  connections text,
  targets text,
  kinds text,
  rules text,
  repeat interval
);
COMMENT ON TABLE schemasync.alert IS 'Inner: the configuration''s alerts; which events they let through.';
COMMENT ON COLUMN schemasync.alert.name IS 'Its name.';
COMMENT ON COLUMN schemasync.alert.kind IS 'webhook, slack, pagerduty or exec.';
COMMENT ON COLUMN schemasync.alert.events IS 'The types of events, as a regular expression; null: all. Likewise what follows.';
COMMENT ON COLUMN schemasync.alert.min_severity IS 'This and above.';
COMMENT ON COLUMN schemasync.alert.connections IS 'Names of connections.';
COMMENT ON COLUMN schemasync.alert.targets IS 'Ids of targets.';
COMMENT ON COLUMN schemasync.alert.kinds IS 'Kinds of change.';
COMMENT ON COLUMN schemasync.alert.rules IS 'Rules of severity.';
COMMENT ON COLUMN schemasync.alert.repeat IS 'How often an incident that lasts is told again; null: never.';

CREATE TABLE schemasync.mute (
  number integer PRIMARY KEY,
  connections text,
  targets text,
  rules text,
  all_rules boolean NOT NULL,
  until timestamptz NOT NULL
);
COMMENT ON TABLE schemasync.mute IS 'Inner: the configuration''s mutes.';
COMMENT ON COLUMN schemasync.mute.number IS 'Its place in the configuration.';
COMMENT ON COLUMN schemasync.mute.connections IS 'Names of connections, as a regular expression; null: all. Likewise what follows.';
COMMENT ON COLUMN schemasync.mute.targets IS 'Ids of targets.';
COMMENT ON COLUMN schemasync.mute.rules IS 'Rules of severity.';
COMMENT ON COLUMN schemasync.mute.all_rules IS 'Its rules name "*": it silences mirror.* too.';
COMMENT ON COLUMN schemasync.mute.until IS 'When it ends.';

CREATE TABLE schemasync.alert_queue (
  alert text COLLATE "C" PRIMARY KEY,
  paused_at timestamptz,
  lease_owner text,
  lease_token bigint NOT NULL DEFAULT 0,
  lease_expires_at timestamptz
);
COMMENT ON TABLE schemasync.alert_queue IS 'Inner: who sends an alert''s events now, and whether it is paused.';
COMMENT ON COLUMN schemasync.alert_queue.alert IS 'The alert.';
COMMENT ON COLUMN schemasync.alert_queue.paused_at IS 'Since when it is paused: its receiver answered 410. alert-test ends that.';
COMMENT ON COLUMN schemasync.alert_queue.lease_owner IS 'The process that sends its events now.';
COMMENT ON COLUMN schemasync.alert_queue.lease_token IS 'Grows with each claim: whoever comes with an older one marks nothing.';
COMMENT ON COLUMN schemasync.alert_queue.lease_expires_at IS 'When the lease ends unless it is renewed.';

CREATE TABLE schemasync.incident_told (
  incident_id uuid NOT NULL REFERENCES schemasync.incidents ON DELETE CASCADE,
  alert text COLLATE "C" NOT NULL,
  told_at timestamptz NOT NULL,
  PRIMARY KEY (incident_id, alert)
);
COMMENT ON TABLE schemasync.incident_told IS 'Inner: which alerts were told of an incident: they are told of its end.';
COMMENT ON COLUMN schemasync.incident_told.incident_id IS 'The incident.';
COMMENT ON COLUMN schemasync.incident_told.alert IS 'The alert.';
COMMENT ON COLUMN schemasync.incident_told.told_at IS 'When an event of it was written for that alert last.';

-- The outbox.

CREATE TABLE schemasync.deliveries (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  number bigint GENERATED ALWAYS AS IDENTITY,
  alert text COLLATE "C" NOT NULL,
  incident_id uuid,
  run_id uuid,
  event jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  pending_since timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz,
  holds boolean NOT NULL DEFAULT false,
  delivered_at timestamptz,
  given_up_at timestamptz,
  last_error text
);
CREATE INDEX deliveries_pending ON schemasync.deliveries (alert, number) WHERE delivered_at IS NULL AND given_up_at IS NULL;
CREATE INDEX deliveries_of_alert ON schemasync.deliveries (alert, created_at);
COMMENT ON TABLE schemasync.deliveries IS 'One event for one alert. Pending until it is delivered or given up.';
COMMENT ON COLUMN schemasync.deliveries.id IS 'The delivery''s id; what a webhook gets as webhook-id, the same over all tries.';
COMMENT ON COLUMN schemasync.deliveries.number IS 'The order in which the events of an alert go out.';
COMMENT ON COLUMN schemasync.deliveries.alert IS 'The alert''s name in the configuration.';
COMMENT ON COLUMN schemasync.deliveries.incident_id IS 'The incident that it tells of.';
COMMENT ON COLUMN schemasync.deliveries.run_id IS 'The run that brought it about.';
COMMENT ON COLUMN schemasync.deliveries.event IS 'The event.';
COMMENT ON COLUMN schemasync.deliveries.created_at IS 'When it was written: with what it tells of.';
COMMENT ON COLUMN schemasync.deliveries.pending_since IS 'Since when it is on its way: three days later it is given up. Later than created_at where it was sent again.';
COMMENT ON COLUMN schemasync.deliveries.attempts IS 'How often it was tried.';
COMMENT ON COLUMN schemasync.deliveries.next_attempt_at IS 'When it is tried next; null: it is delivered or given up.';
COMMENT ON COLUMN schemasync.deliveries.holds IS 'Its last try failed in a way that holds the alert''s later events back: no connection, 5xx or 429.';
COMMENT ON COLUMN schemasync.deliveries.delivered_at IS 'When the receiver took it.';
COMMENT ON COLUMN schemasync.deliveries.given_up_at IS 'When it was given up.';
COMMENT ON COLUMN schemasync.deliveries.last_error IS 'What its last try came to, or why it was given up.';

-- The configuration is loaded anew, with its alerts.
DELETE FROM schemasync.configuration;

-- Functions whose parameters are others now.
DROP ROUTINE IF EXISTS schemasync.record_run;
