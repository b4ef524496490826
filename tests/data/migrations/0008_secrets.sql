INSERT INTO webhooks VALUES (1, 'T_HOME', 'ops-alerts', '#alerts', 'https://hooks.slack.com', x'010203', 'ok', 'ok', 5, 6, 4, 4);
INSERT INTO webhooks VALUES (3, 'T_HOME', 'partner', '', 'https://hooks.slack-gov.com', x'0102', 'disabled', 'no_service', NULL, 0, 4, 4);
