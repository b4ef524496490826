-- An import asks for each of its lines whether that example is there already.
CREATE INDEX examples_by_content ON examples (workspace, category, texts);
