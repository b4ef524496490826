-- What the seventh schema adds: a problem with a card, a notice that waits, deliveries in several states, a changed message.
INSERT INTO problems (id, workspace, fingerprint, kind, status, severity, title, count, first_at, last_at, ended_at, digest,
    handled_by, handled_at)
VALUES (1, 'T_HOME', 'alert' || char(31) || 'disk', 'alert', 'firing', 'critical', 'Disk is full', 2, 7000, 7500, NULL,
        'abc', '', NULL);
INSERT INTO notices (id, workspace, problem, kind, severity, status, title, text, link, fields, amount, currency, at, key,
    source, destinations, effect, lane, state, reason, tried, due_at, expires_at, received_at)
VALUES (1, 'T_HOME', 1, 'alert', 'critical', 'firing', 'Disk is full', '', '', '{"system":"db-1"}', '', '', 7000, '', 'mon',
        '[]', 'begins', 0, 'routed', '', '[["rest",null]]', 7000, 86407000, 7000),
       (2, 'T_HOME', 1, 'alert', 'critical', 'firing', 'Disk is full', '', '', '{"system":"db-1"}', '', '', 7500, '', 'mon',
        '[]', 'adds', 0, 'waiting', '', '', 7500, 86407500, 7500);
INSERT INTO deliveries (id, workspace, notice, problem, destination, route, mention, form, lane, state, reason, held_for,
    merged_into, attempts, next_at, expires_at, send, created_at, updated_at)
VALUES (1, 'T_HOME', 1, 1, 'channel:#ops', 'rest', '["@here"]', 'card', 0, 'sent', '', '', NULL, 0, 7000, 86407000, NULL,
        7000, 7001),
       (2, 'T_HOME', 1, 1, 'webhook:ops', 'rest', '[]', 'card', 1, 'held', 'outside_hours', 'recap', NULL, 0, 9999999999999,
        86407000, NULL, 7000, 7001);
INSERT INTO cards (problem, destination, workspace, channel, ts, delivery, changes_at)
VALUES (1, 'channel:#ops', 'T_HOME', 'C0OPS', '1700000000.000700', 1, 7001);
