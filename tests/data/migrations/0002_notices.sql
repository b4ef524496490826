-- What the second schema adds: notices, one open and one over, their deliveries, and a send that carries one.
INSERT INTO notices VALUES (1, 'T_HOME', 'dead_letter', '5', 'warning', 'unreachable', 4600, NULL);
INSERT INTO notices VALUES (2, 'T_HOME', 'no_socket', '', 'critical', '', 4600, 4700);
INSERT INTO sends VALUES (8, 'T_HOME', 'key-notice', 'notice', NULL, 'deskd', 'C0OPS', '', 'deskd: a message was given up', '[{"type":"divider"}]',
    'sent', 0, 1, 4600, 4700, '', '1699999500.000100', 4600, 4600);
INSERT INTO deliveries VALUES (1, 'T_HOME', 1, 'raised', 'channel:C0OPS', 'sent', 1, 4600, '', 8, 4600, 4600);
INSERT INTO deliveries VALUES (2, 'T_HOME', 2, 'resolved', 'command', 'failed', 3, 4600, 'exit_1', NULL, 4600, 4600);
