-- What the directory adds: a group with a member, a reading half way through, and a channel that was called twice.
UPDATE people SET round = 3 WHERE person = 'U_ADA';
INSERT INTO user_groups VALUES ('T_HOME', 'S_HELP', 'help', 'Help desk', 5000, 0, 3, 2);
INSERT INTO group_members VALUES ('T_HOME', 'S_HELP', 'U_TESS');
INSERT INTO directory VALUES ('T_HOME', 'members', 3, 'bmV4dA==', 1, 2, 1, '', 5000, 5000);
INSERT INTO broad_mentions VALUES ('T_HOME', 'C_SUPPORT', '2026-01-05', 2);
