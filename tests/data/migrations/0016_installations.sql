INSERT INTO installations (workspace, enterprise, org_wide, source, state, reason, expires_at, installed_at, gone_at)
VALUES ('T0GLOBEX001', 'E0GLOBEX001', 0, 'oauth', 'active', '', 1700043200000, 1700000000000, NULL),
       ('T0INITECH01', '', 0, 'connected', 'gone', 'app_uninstalled', NULL, 1700000000000, 1700000900000);
INSERT INTO tokens (workspace, installation, kind, token, made_at)
SELECT workspace, id, 'bot', x'010203', 1700000000000 FROM installations WHERE workspace = 'T0GLOBEX001';
