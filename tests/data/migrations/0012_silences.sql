-- What the twelfth schema adds: a silence.
INSERT INTO silences (id, workspace, matcher, reason, made_by, made_at, until_at, ended_by)
VALUES (1, 'T_HOME', '{"kind":["alert"]}', 'moving the rack', 'ada', 8000, 9999999999999, '');
