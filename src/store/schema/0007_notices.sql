-- What is wrong with deskd itself is a trouble, and each is told: the words notice and delivery are for what all systems have
-- to say.
ALTER TABLE notices RENAME TO troubles;
ALTER TABLE deliveries RENAME TO tellings;
ALTER TABLE tellings RENAME COLUMN notice TO trouble;
DROP INDEX notices_open;
CREATE UNIQUE INDEX troubles_open ON troubles (workspace, kind, subject) WHERE resolved_at IS NULL;
DROP INDEX notices_by_end;
CREATE INDEX troubles_by_end ON troubles (resolved_at) WHERE resolved_at IS NOT NULL;
DROP INDEX deliveries_once;
CREATE UNIQUE INDEX tellings_once ON tellings (trouble, phase, destination);
DROP INDEX deliveries_due;
CREATE INDEX tellings_due ON tellings (next_at, id) WHERE state = 'waiting';
DROP INDEX deliveries_by_send;
CREATE INDEX tellings_by_send ON tellings (send) WHERE send IS NOT NULL;

-- What notices with one fingerprint are about. One that is resolved stays as it was; what comes after it is another.
CREATE TABLE problems (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace   TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    kind        TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('event', 'firing', 'resolved')),
    severity    TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    title       TEXT NOT NULL,
    count       INTEGER NOT NULL,
    first_at    INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    ended_at    INTEGER,
    digest      TEXT NOT NULL,
    handled_by  TEXT NOT NULL,
    handled_at  INTEGER
) STRICT;
CREATE INDEX problems_by_fingerprint ON problems (workspace, fingerprint, id) WHERE fingerprint <> '';
CREATE INDEX problems_firing ON problems (workspace, kind) WHERE status = 'firing';
CREATE INDEX problems_by_last ON problems (last_at);

-- What a caller handed in, unchanged. 'waiting': its time to be routed has not come, or nobody has routed it yet.
CREATE TABLE notices (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace    TEXT NOT NULL,
    problem      INTEGER NOT NULL REFERENCES problems (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL,
    severity     TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    status       TEXT NOT NULL CHECK (status IN ('event', 'firing', 'resolved')),
    title        TEXT NOT NULL,
    text         TEXT NOT NULL,
    link         TEXT NOT NULL,
    fields       TEXT NOT NULL,
    amount       TEXT NOT NULL,
    currency     TEXT NOT NULL,
    at           INTEGER NOT NULL,
    key          TEXT NOT NULL,
    source       TEXT NOT NULL,
    destinations TEXT NOT NULL,
    effect       TEXT NOT NULL CHECK (effect IN ('begins', 'adds', 'ends', 'repeats', 'ends_nothing')),
    lane         INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'routed', 'dropped', 'cancelled')),
    reason       TEXT NOT NULL,
    tried        TEXT NOT NULL,
    due_at       INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    received_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX notices_waiting ON notices (lane, due_at, id) WHERE state = 'waiting';
CREATE INDEX notices_by_problem ON notices (problem, id);
CREATE INDEX notices_by_key ON notices (workspace, source, key, id) WHERE key <> '';
CREATE INDEX notices_by_time ON notices (received_at);

-- One notice to one destination. 'held' waits for its group; 'merged' is told by the delivery in merged_into; 'sending' is
-- in the outbox, or a call is under way. A digest is a delivery of its own, which the others are merged into.
CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace   TEXT NOT NULL,
    notice      INTEGER NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    problem     INTEGER NOT NULL REFERENCES problems (id) ON DELETE CASCADE,
    destination TEXT NOT NULL,
    route       TEXT NOT NULL,
    mention     TEXT NOT NULL,
    form        TEXT NOT NULL CHECK (form IN ('card', 'digest', 'recap')),
    lane        INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('held', 'waiting', 'sending', 'sent', 'failed', 'dead', 'unknown',
                    'dropped', 'merged')),
    reason      TEXT NOT NULL,
    held_for    TEXT NOT NULL,
    merged_into INTEGER,
    attempts    INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    send        INTEGER,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX deliveries_waiting ON deliveries (destination, lane, id) WHERE state = 'waiting';
CREATE INDEX deliveries_later ON deliveries (next_at) WHERE state = 'waiting';
CREATE INDEX deliveries_held ON deliveries (next_at, id) WHERE state = 'held';
CREATE INDEX deliveries_open ON deliveries (problem, destination) WHERE state IN ('held', 'waiting', 'sending');
CREATE INDEX deliveries_expiring ON deliveries (expires_at) WHERE state IN ('held', 'waiting');
CREATE INDEX deliveries_by_notice ON deliveries (notice, id);
CREATE INDEX deliveries_by_send ON deliveries (send) WHERE send IS NOT NULL;
CREATE INDEX deliveries_merged ON deliveries (merged_into) WHERE merged_into IS NOT NULL;

-- The message that shows a problem in one place: it is changed and answered in its thread, not posted again. ts is empty
-- while the message is on its way.
CREATE TABLE cards (
    problem     INTEGER NOT NULL REFERENCES problems (id) ON DELETE CASCADE,
    destination TEXT NOT NULL,
    workspace   TEXT NOT NULL,
    channel     TEXT NOT NULL,
    ts          TEXT NOT NULL,
    delivery    INTEGER NOT NULL,
    changes_at  INTEGER NOT NULL,
    PRIMARY KEY (problem, destination)
) STRICT, WITHOUT ROWID;

-- The outbox changes messages, too, and lets critical ones go first.
ALTER TABLE sends ADD COLUMN act TEXT NOT NULL DEFAULT 'post' CHECK (act IN ('post', 'update'));
ALTER TABLE sends ADD COLUMN target TEXT NOT NULL DEFAULT '';
ALTER TABLE sends ADD COLUMN lane INTEGER NOT NULL DEFAULT 1;
ALTER TABLE sends ADD COLUMN delivery INTEGER;
ALTER TABLE sends ADD COLUMN expires_at INTEGER;
CREATE INDEX sends_open ON sends (channel, lane) WHERE state IN ('waiting', 'sending');
