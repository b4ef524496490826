-- Channels that took no message, and answers to slash commands that came too late for the acknowledgement.

-- 'trial': it may work again; the next send shows it. A channel without a row has never refused anything.
CREATE TABLE destinations (
    workspace     TEXT NOT NULL,
    channel       TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('ok', 'trial', 'broken')),
    reason        TEXT NOT NULL,
    since         INTEGER NOT NULL,
    looks         INTEGER NOT NULL,
    next_probe_at INTEGER NOT NULL,
    PRIMARY KEY (workspace, channel)
) STRICT, WITHOUT ROWID;

-- What a person is still to be told. The address to tell it at stays where it came: in the recorded event.
CREATE TABLE whispers (
    event      INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
    workspace  TEXT NOT NULL,
    channel    TEXT NOT NULL,
    person     TEXT NOT NULL,
    text       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'told', 'failed')),
    uses       INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX whispers_due ON whispers (next_at, event) WHERE state = 'waiting';
