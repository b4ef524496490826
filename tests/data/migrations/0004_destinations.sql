-- What the fourth schema adds: a channel that takes no messages, and an answer that came too late for its acknowledgement.
INSERT INTO destinations VALUES ('T_HOME', 'C_GONE', 'broken', 'is_archived', 4800, 1, 9999999999999);
INSERT INTO whispers (event, workspace, channel, person, text, state, uses, next_at, reason, created_at, updated_at)
SELECT MIN(id), 'T_HOME', 'C_OTHER', 'U0ADA', 'an answer', 'told', 1, 4800, '', 4800, 4800 FROM events;
