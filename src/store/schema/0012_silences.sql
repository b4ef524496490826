-- What somebody does not want to be told for a while. The matcher is a JSON object: names and the values each may have.
CREATE TABLE silences (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace TEXT NOT NULL,
    matcher   TEXT NOT NULL,
    reason    TEXT NOT NULL,
    made_by   TEXT NOT NULL,
    made_at   INTEGER NOT NULL,
    until_at  INTEGER NOT NULL,
    ended_by  TEXT NOT NULL
) STRICT;
CREATE INDEX silences_by_end ON silences (until_at);

-- Those that are told together are counted with each that joins them.
CREATE INDEX deliveries_by_group ON deliveries (destination, held_for) WHERE state = 'held';
