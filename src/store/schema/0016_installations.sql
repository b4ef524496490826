-- Where the app is installed: one row for each workspace, or for a whole organisation, whose id then is the workspace. The
-- row stays for a while when the app has left (`gone`), and with it what was picked there; the tokens go at once.
CREATE TABLE installations (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace    TEXT NOT NULL UNIQUE,
    enterprise   TEXT NOT NULL,
    org_wide     INTEGER NOT NULL CHECK (org_wide IN (0, 1)),
    source       TEXT NOT NULL CHECK (source IN ('configured', 'connected', 'oauth')),
    state        TEXT NOT NULL CHECK (state IN ('active', 'leaving', 'gone')),
    reason       TEXT NOT NULL,
    expires_at   INTEGER,
    installed_at INTEGER NOT NULL,
    gone_at      INTEGER
) STRICT;
CREATE INDEX installations_rotating ON installations (expires_at) WHERE expires_at IS NOT NULL;

-- The tokens of an installation, each sealed for its row (domain/seal.rs).
CREATE TABLE tokens (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace    TEXT NOT NULL,
    installation INTEGER NOT NULL REFERENCES installations (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL CHECK (kind IN ('bot', 'user', 'refresh')),
    token        BLOB NOT NULL,
    made_at      INTEGER NOT NULL,
    UNIQUE (installation, kind)
) STRICT;

-- Until now there was the configured token alone.
INSERT INTO installations (workspace, enterprise, org_wide, source, state, reason, installed_at)
SELECT workspace, '', 0, 'configured', 'active', '', updated_at FROM workspaces;
