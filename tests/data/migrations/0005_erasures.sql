-- What the fifth schema adds: somebody who was erased, and a backup.
INSERT INTO erasures VALUES ('T_HOME', 'U0FORGOTTEN', 4700);
INSERT INTO last_backup VALUES (1, 4700, 123456);
