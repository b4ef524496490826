-- What the audit is to tell of later. A mark is a short hash of what a key of the configuration, or a secret beside it, was when it was
-- last told of: the next start says which keys are others.
CREATE TABLE config_marks (
    workspace TEXT NOT NULL CHECK (workspace = ''),
    key       TEXT PRIMARY KEY,
    mark      TEXT NOT NULL
) STRICT;

-- A copy was put in the place of the database: written beside the daemon, which has the key, and told of by its next start. The command
-- makes this table in copies of before this step.
CREATE TABLE IF NOT EXISTS restored (
    workspace TEXT NOT NULL CHECK (workspace = ''),
    at        INTEGER NOT NULL,
    who       TEXT NOT NULL CHECK (who <> ''),
    copy      TEXT NOT NULL
) STRICT;
