-- Whose an event was found to be. What it names need not be that: the team of an organisation in which it was said, a stranger's
-- workspace, none. Empty where it is nobody's here, or where nobody can say yet.
ALTER TABLE outcomes ADD COLUMN workspace TEXT NOT NULL DEFAULT '';
UPDATE outcomes SET workspace = COALESCE(
    (SELECT i.workspace FROM events e JOIN installations i ON i.workspace = e.workspace WHERE e.id = outcomes.event),
    (SELECT i.workspace FROM events e JOIN installations i ON instr(e.payload, '"' || i.workspace || '"') > 0
     WHERE e.id = outcomes.event ORDER BY instr(e.payload, '"' || i.workspace || '"') LIMIT 1),
    (SELECT workspace FROM installations WHERE (SELECT COUNT(*) FROM installations) = 1),
    '')
WHERE reason NOT IN ('not_installed', 'workspace_unknown');

-- What earlier versions left behind of workspaces that are gone, because it named another.
UPDATE events SET payload = '{"erased":true}'
WHERE payload <> '{"erased":true}' AND id IN
    (SELECT o.event FROM outcomes o JOIN installations i ON i.workspace = o.workspace WHERE i.state = 'gone');

-- What was heard of an end, while Slack has not said whether it takes the token.
CREATE INDEX outcomes_doubted ON outcomes (event) WHERE reason = 'departure_doubted';
