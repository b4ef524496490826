-- What was taught: a bundle's texts with the category that somebody says it has. The model is made of these rows in their
-- order and of nothing else, so a row that is gone was never there.
CREATE TABLE examples (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace   TEXT NOT NULL,
    -- What was taught: of which category it is ('' for "it is no request"), or how soon somebody should look.
    about       TEXT NOT NULL CHECK (about IN ('category', 'priority')),
    texts       TEXT NOT NULL,
    category    TEXT NOT NULL,
    weight      REAL NOT NULL CHECK (weight >= 0 AND weight <= 10),
    source      TEXT NOT NULL CHECK (source IN ('person', 'model', 'accepted', 'imported')),
    actor       TEXT NOT NULL,
    task        INTEGER REFERENCES tasks (id) ON DELETE CASCADE,
    -- What was said of it before it was learned: a JSON list of figures, '' where nobody was asked, and how that turned out.
    figures     TEXT NOT NULL,
    was_right   INTEGER NOT NULL CHECK (was_right IN (0, 1)),
    -- A later example of the same task, about the same, counts in its place; without that one this one counts again.
    replaced_by INTEGER REFERENCES examples (id) ON DELETE SET NULL,
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX examples_by_workspace ON examples (workspace, id);
CREATE INDEX examples_by_task ON examples (task, id) WHERE task IS NOT NULL;
CREATE INDEX examples_replaced ON examples (replaced_by) WHERE replaced_by IS NOT NULL;

-- How often something was taken out of the examples or changed in them, for whatever reason: then a model is made anew.
CREATE TABLE unlearned (
    workspace TEXT PRIMARY KEY,
    times     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER example_deleted AFTER DELETE ON examples BEGIN
    INSERT INTO unlearned (workspace, times) VALUES (OLD.workspace, 1)
    ON CONFLICT (workspace) DO UPDATE SET times = times + 1;
END;
CREATE TRIGGER example_changed AFTER UPDATE ON examples BEGIN
    INSERT INTO unlearned (workspace, times) VALUES (NEW.workspace, 1)
    ON CONFLICT (workspace) DO UPDATE SET times = times + 1;
END;

-- What was said of each bundle when its task was made or added to, and what turned out right.
CREATE TABLE judgements (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace  TEXT NOT NULL,
    task       INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    bundle     INTEGER NOT NULL,
    -- The verdict that counted.
    category   TEXT NOT NULL,
    confidence REAL NOT NULL,
    decided_by TEXT NOT NULL CHECK (decided_by IN ('rules', 'learned', 'model')),
    abstained  INTEGER NOT NULL CHECK (abstained IN (0, 1)),
    -- What the learner said, whether it counted or not; '' and nothing where it was not there to be asked.
    learned    TEXT NOT NULL,
    learned_confidence REAL NOT NULL,
    lead       REAL NOT NULL,
    figures    TEXT NOT NULL,
    -- The right category once somebody said so, a person or silence; '' until then, and for "it is no request".
    truth      TEXT NOT NULL,
    truth_by   TEXT NOT NULL CHECK (truth_by IN ('', 'person', 'accepted')),
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX judgements_by_task ON judgements (task, id);
CREATE INDEX judgements_by_time ON judgements (workspace, at);

-- How a task ended when it was closed: '' as tasks end, or it was no request at all.
ALTER TABLE tasks ADD COLUMN outcome TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'not_a_request'));

-- Why a bundle made no task: '' where it did or may, or because it was taken for no request; the detail is JSON.
ALTER TABLE bundles ADD COLUMN passed_over TEXT NOT NULL DEFAULT '' CHECK (passed_over IN ('', 'not_a_request'));
ALTER TABLE bundles ADD COLUMN passed_detail TEXT NOT NULL DEFAULT '';
