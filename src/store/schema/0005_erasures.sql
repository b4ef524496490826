-- Who was erased and since when, so that what they wrote before never comes back; and when the database was last copied.

-- What a person wrote up to `erased_at` is forgotten for good; what they write later is somebody new.
CREATE TABLE erasures (
    workspace TEXT NOT NULL,
    person    TEXT NOT NULL,
    erased_at INTEGER NOT NULL,
    PRIMARY KEY (workspace, person)
) STRICT, WITHOUT ROWID;

-- Contacts that were erased before this table was there: the link to their people gives way to it.
INSERT INTO erasures (workspace, person, erased_at)
SELECT p.workspace, p.person, c.erased_at
FROM contact_people p JOIN contacts c ON c.id = p.contact
WHERE c.erased_at IS NOT NULL;
DELETE FROM contact_people WHERE contact IN (SELECT id FROM contacts WHERE erased_at IS NOT NULL);

-- The last copy that was made and found sound; one row at most.
CREATE TABLE last_backup (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    at    INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;

-- The tasks of a contact: counted in every list of contacts, walked when one is exported or erased.
CREATE INDEX tasks_by_contact ON tasks (contact);
