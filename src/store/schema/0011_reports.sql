-- Scheduled reports: up to when their due times are dealt with, and the charts that go with them.

-- Due times up to `seen` are over: run, or from before the report was there. `schedule` is the text of the schedule that this
-- holds for. `due_at` is the due time of the last run; null when it was asked for, or there was none.
CREATE TABLE reports (
    workspace TEXT NOT NULL,
    name      TEXT NOT NULL,
    schedule  TEXT NOT NULL,
    seen      INTEGER NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('new', 'made', 'failed')),
    reason    TEXT NOT NULL,
    sentence  TEXT NOT NULL,
    due_at    INTEGER,
    ran_at    INTEGER,
    PRIMARY KEY (workspace, name)
) STRICT, WITHOUT ROWID;

-- A picture that follows the message of a send. `file` is Slack's id once Slack has the bytes; `tried_at` is when sharing it
-- was tried first, from then on it may be there. The bytes go when it is over.
CREATE TABLE charts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace  TEXT NOT NULL,
    key        TEXT NOT NULL UNIQUE,
    report     TEXT NOT NULL,
    send       INTEGER NOT NULL REFERENCES sends (id) ON DELETE CASCADE,
    channel    TEXT NOT NULL,
    title      TEXT NOT NULL,
    png        BLOB NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'shared', 'failed', 'unknown')),
    file       TEXT NOT NULL,
    tried_at   INTEGER,
    attempts   INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX charts_due ON charts (next_at, id) WHERE state = 'waiting';
CREATE INDEX charts_by_send ON charts (send);
CREATE INDEX charts_by_report ON charts (workspace, report, id);
