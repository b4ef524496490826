-- Gap recovery: up to where a channel is known to be complete, what is being read again, and what was found so.

-- Everything said in a channel before `complete_to` is recorded, or was not wanted. UTC milliseconds, as Slack counts them.
CREATE TABLE coverage (
    workspace   TEXT NOT NULL,
    channel     TEXT NOT NULL,
    complete_to INTEGER NOT NULL,
    PRIMARY KEY (workspace, channel)
) STRICT, WITHOUT ROWID;

-- After the upgrade the time without a daemon is read again, too. A quarter of an hour covers clocks that differ.
INSERT INTO coverage (workspace, channel, complete_to)
SELECT workspace, channel, (SELECT MAX(received_at) FROM events) - 900000
FROM channels WHERE pick <> 'ignore' AND EXISTS (SELECT 1 FROM events);

-- One stretch to be read: of a channel (thread ''), or of a thread in it. `position` is the ts up to which it has been read:
-- downwards in a channel, upwards in a thread. `again` is where to begin anew when a later request came in between.
CREATE TABLE recoveries (
    workspace    TEXT NOT NULL,
    channel      TEXT NOT NULL,
    thread       TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('reading', 'filing', 'done', 'failed')),
    cause        TEXT NOT NULL CHECK (cause IN ('start', 'gap', 'canary', 'asked')),
    oldest       INTEGER NOT NULL,
    newest       INTEGER NOT NULL,
    position     TEXT NOT NULL,
    cursor       TEXT NOT NULL,
    again        INTEGER,
    pages        INTEGER NOT NULL,
    messages     INTEGER NOT NULL,
    found        INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    next_at      INTEGER NOT NULL,
    reason       TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    finished_at  INTEGER,
    PRIMARY KEY (workspace, channel, thread)
) STRICT, WITHOUT ROWID;
CREATE INDEX recoveries_unfinished ON recoveries (state, pages, requested_at) WHERE finished_at IS NULL;

-- Messages read from a channel, the newest page first, kept until the oldest is there: they enter the journal in the order
-- in which they were said.
CREATE TABLE recovered (
    workspace TEXT NOT NULL,
    channel   TEXT NOT NULL,
    ts        TEXT NOT NULL,
    person    TEXT NOT NULL,
    text      TEXT NOT NULL,
    changed   INTEGER NOT NULL CHECK (changed IN (0, 1)),
    posted    TEXT NOT NULL,
    change    TEXT NOT NULL,
    read_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace, channel, ts)
) STRICT, WITHOUT ROWID;

-- Recovered messages are gathered by the time they were said, beside what arrives meanwhile: one open bundle of each kind.
ALTER TABLE bundles ADD COLUMN recovered INTEGER NOT NULL DEFAULT 0 CHECK (recovered IN (0, 1));
DROP INDEX bundles_open;
CREATE UNIQUE INDEX bundles_open ON bundles (workspace, channel, thread, person, recovered) WHERE state = 'open';
ALTER TABLE tasks ADD COLUMN recovered INTEGER NOT NULL DEFAULT 0 CHECK (recovered IN (0, 1));
