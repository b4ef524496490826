-- Projects: parts of a workspace, each bound to one channel, as the configuration says it. A project that left the
-- configuration leaves this table; what it handed in stays and belongs to nobody.
CREATE TABLE projects (
    workspace    TEXT NOT NULL,
    name         TEXT NOT NULL,
    installation INTEGER NOT NULL REFERENCES installations (id) ON DELETE CASCADE,
    channel      TEXT NOT NULL,
    enabled      INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace, name)
) STRICT, WITHOUT ROWID;

-- Whose a notice, its problem and a silence are; '' for the workspace as a whole.
ALTER TABLE problems ADD COLUMN project TEXT NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN project TEXT NOT NULL DEFAULT '';
ALTER TABLE silences ADD COLUMN project TEXT NOT NULL DEFAULT '';
CREATE INDEX problems_by_project ON problems (workspace, project, id) WHERE project <> '';
CREATE INDEX notices_by_project ON notices (workspace, project, id) WHERE project <> '';
CREATE INDEX silences_by_project ON silences (workspace, project, id) WHERE project <> '';
