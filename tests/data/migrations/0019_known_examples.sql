-- An index over the examples that step 14 brought: nothing to fill.
SELECT 1;
