INSERT INTO config_marks VALUES ('', 'log.level', 'aabbccddeeff');
INSERT INTO restored VALUES ('', 1700000000000, 'user:alice', 'deskd-2026-11-21.db');
