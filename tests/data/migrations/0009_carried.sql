-- A system that does not answer, and a mail server whose pace is kept.
INSERT INTO doors (workspace, door, failures, reason, since, next_at) VALUES
    ('T_HOME', 'endpoint:ledger', 3, 'http_503', 1000, 21000),
    ('T_HOME', 'mail', 0, 'pace', 2000, 3000);
UPDATE deliveries SET unsure = 1 WHERE id = (SELECT MIN(id) FROM deliveries);
