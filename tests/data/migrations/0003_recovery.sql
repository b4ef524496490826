-- What the third schema adds: a channel that is read after a gap, half way through, and what was found so far.
INSERT INTO coverage VALUES ('T_HOME', 'C_OTHER', 4800);
INSERT INTO recoveries (workspace, channel, thread, state, cause, oldest, newest, position, cursor, again, pages, messages,
    found, attempts, next_at, reason, requested_at, finished_at)
VALUES ('T_HOME', 'C_OTHER', '', 'done', 'gap', 4000, 4800, '4.100000', '', NULL, 1, 15, 2, 0, 4800, '', 4700, 4800);
INSERT INTO recovered (workspace, channel, ts, person, text, changed, posted, change, read_at)
VALUES ('T_HOME', 'C_OTHER', '4.500000', 'U0ADA', 'said in the gap', 0, '{}', '{}', 4800);
