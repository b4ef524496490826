-- Events of a further app whose workspace nobody knows yet.
CREATE INDEX outcomes_unplaced ON outcomes (event) WHERE reason = 'workspace_unknown';
