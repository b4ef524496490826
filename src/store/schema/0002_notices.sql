-- What deskd has to tell somebody, and the outbox made fit to carry it.

-- A notice is open while what it tells of lasts; its kind and subject say which one it is, so that nothing is raised twice.
CREATE TABLE notices (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace   TEXT NOT NULL,
    kind        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    severity    TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    detail      TEXT NOT NULL,
    raised_at   INTEGER NOT NULL,
    resolved_at INTEGER
) STRICT;
CREATE UNIQUE INDEX notices_open ON notices (workspace, kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX notices_by_end ON notices (resolved_at) WHERE resolved_at IS NOT NULL;

-- One notice to one destination: that it was raised, or that it is over.
CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace   TEXT NOT NULL,
    notice      INTEGER NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    phase       TEXT NOT NULL CHECK (phase IN ('raised', 'resolved')),
    destination TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed', 'dropped')),
    attempts    INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    send        INTEGER,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX deliveries_once ON deliveries (notice, phase, destination);
CREATE INDEX deliveries_due ON deliveries (next_at, id) WHERE state = 'waiting';
CREATE INDEX deliveries_by_send ON deliveries (send) WHERE send IS NOT NULL;

-- The outbox carries notices, too, and blocks beside text. A CHECK cannot be changed in place, so the table is made anew.
CREATE TABLE sends_new (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace   TEXT NOT NULL,
    key         TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL CHECK (kind IN ('reply', 'notice')),
    task        INTEGER REFERENCES tasks (id) ON DELETE CASCADE,
    author      TEXT NOT NULL,
    channel     TEXT NOT NULL,
    thread      TEXT NOT NULL,
    text        TEXT NOT NULL,
    blocks      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'dead', 'unknown', 'dropped')),
    look_up     INTEGER NOT NULL CHECK (look_up IN (0, 1)),
    attempts    INTEGER NOT NULL,
    claimed_at  INTEGER,
    next_at     INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    ts          TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
INSERT INTO sends_new (id, workspace, key, kind, task, author, channel, thread, text, blocks, state, look_up, attempts,
    claimed_at, next_at, reason, ts, created_at, updated_at)
SELECT id, workspace, key, kind, task, author, channel, thread, text, '', state, look_up, attempts, claimed_at, next_at,
    reason, ts, created_at, updated_at
FROM sends ORDER BY id;
DROP TABLE sends;
ALTER TABLE sends_new RENAME TO sends;
CREATE INDEX sends_due ON sends (next_at, id) WHERE state IN ('waiting', 'sending');
CREATE INDEX sends_lane ON sends (channel, thread, id) WHERE state IN ('waiting', 'sending');
CREATE INDEX sends_by_task ON sends (task, id);
CREATE INDEX sends_by_ts ON sends (channel, ts) WHERE ts <> '';
