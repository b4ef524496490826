-- Slack's incoming webhooks. The address is sealed for its row (domain/seal.rs); a number is never used again, so that what
-- was sealed for one row opens in no other. `origin` is the part of the address that may be shown.
CREATE TABLE webhooks (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace  TEXT NOT NULL,
    name       TEXT NOT NULL CHECK (name <> ''),
    label      TEXT NOT NULL,
    origin     TEXT NOT NULL,
    url        BLOB NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('ok', 'broken', 'disabled')),
    result     TEXT NOT NULL,
    result_at  INTEGER,
    next_at    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    UNIQUE (workspace, name)
) STRICT;
