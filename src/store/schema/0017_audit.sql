-- Who changed what at the desk. Rows are added and stay as they are: each holds a digest of itself and of the one before it,
-- and the head says which is the last, sealed with the key of the secrets where there is one.

CREATE TABLE audit (
    id        INTEGER PRIMARY KEY CHECK (id > 0),
    -- Empty for what concerns the whole desk.
    workspace TEXT NOT NULL,
    at        INTEGER NOT NULL,
    who       TEXT NOT NULL CHECK (who <> ''),
    what      TEXT NOT NULL CHECK (what <> ''),
    subject   TEXT NOT NULL,
    detail    TEXT NOT NULL,
    digest    TEXT NOT NULL CHECK (length(digest) = 64)
) STRICT;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;

CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;

-- A replacement deletes without the trigger above.
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit WHEN NEW.id <= (SELECT MAX(id) FROM audit)
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;

-- One row: the last of the audit. `key` is the id of the key that sealed it, and empty where there was none.
CREATE TABLE audit_head (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    workspace TEXT NOT NULL CHECK (workspace = ''),
    last      INTEGER NOT NULL CHECK (last > 0),
    digest    TEXT NOT NULL CHECK (length(digest) = 64),
    key       TEXT NOT NULL,
    seal      TEXT NOT NULL CHECK ((key = '') = (seal = ''))
) STRICT;
