-- What the step adds: an event of a stranger in a shared channel, and whose it was found to be.
INSERT INTO events (workspace, app, kind, type, event_id, digest, retry, received_at, payload)
SELECT 'T0FOREIGN01', 'A0DESKD', 'events_api', 'message', 'EvAbroad', 23, 0, 3000, '{"team_id":"T0FOREIGN01"}' WHERE 0;
UPDATE outcomes SET workspace = 'T_HOME' WHERE event = 2;
