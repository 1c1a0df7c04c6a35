ALTER TABLE selection ADD COLUMN contaminated BOOLEAN DEFAULT false;
COMMENT ON COLUMN selection.contaminated IS 'It repeats a benchmark item: it takes no part, and what is near it is kept out';

CREATE OR REPLACE VIEW current_seeds AS
    SELECT * FROM seeds WHERE id IN (SELECT seed_id FROM selection WHERE NOT contaminated);
COMMENT ON VIEW current_seeds IS 'The seeds that the present settings name, without the contaminated ones';

CREATE OR REPLACE VIEW current_mentions AS
    SELECT * FROM mentions WHERE seed_id IN (SELECT seed_id FROM selection WHERE NOT contaminated);
COMMENT ON VIEW current_mentions IS 'The mentions of these seeds';

CREATE TABLE basis (
    stage VARCHAR NOT NULL,
    digest UUID NOT NULL
);
COMMENT ON TABLE basis IS 'The present data that later stages rest on, as digests: combinations and pairs of other data are history';
COMMENT ON COLUMN basis.stage IS 'ingest (the seeds, which pairs are compared with) or connect (the graph, which combinations are drawn from)';

-- A sequence of combinations is that of one graph from its first place on; the recipe says which graph.
DROP TABLE draws;
COMMENT ON COLUMN communities.graph IS 'Digest of the graph that they were found in';

ALTER TABLE problems ADD COLUMN names VARCHAR[];
ALTER TABLE problems ADD COLUMN level VARCHAR;
COMMENT ON COLUMN problems.names IS 'Names of the points when it was asked for; NULL in rows of older stores';
COMMENT ON COLUMN problems.level IS 'How hard it was asked to be, where that was said';
COMMENT ON COLUMN recipes.recipe IS 'Of sample and screen also of the data that they rest on (basis)';

ALTER TABLE rejects ADD COLUMN seed_id UUID;
COMMENT ON COLUMN rejects.seed_id IS 'extract: the seed that a name was read in; NULL in rows of older stores';

CREATE OR REPLACE VIEW current_rejects AS
    SELECT * FROM rejects WHERE recipe IN (SELECT recipe FROM current_recipes);
COMMENT ON VIEW current_rejects IS 'What ended at a stage under the latest settings; what ingest refused has no recipe of a run';

CREATE VIEW current_problems AS
    SELECT m.id, m.combination_id, m.sample, m.text, c.position, c.relation, c.names
    FROM problems m
    JOIN combinations c
        ON c.id = m.combination_id AND c.recipe = (SELECT recipe FROM current_recipes WHERE stage = 'sample')
    WHERE m.recipe = (SELECT recipe FROM current_recipes WHERE stage = 'compose') AND m.sample < c.asks
        AND (m.names IS NULL OR (m.names = c.names AND m.level IS NOT DISTINCT FROM c.level));
COMMENT ON VIEW current_problems IS 'The problems that the present seeds and settings ask for, as far as they are written';

CREATE OR REPLACE VIEW pairs AS
    SELECT
        p.problem_id AS id,
        m.position,
        m.sample,
        m.relation,
        m.combination_id,
        m.names AS points,
        m.text AS problem,
        s.text AS solution,
        s.answer,
        p.difficulty,
        p.score AS agreement,
        r.score AS review_score,
        s.id AS solution_id
    FROM passes p
    JOIN current_problems m ON m.id = p.problem_id
    JOIN solutions s ON s.id = p.solution_id
    JOIN passes r
        ON r.problem_id = p.problem_id AND r.stage = 'review'
        AND r.recipe = (SELECT recipe FROM current_recipes WHERE stage = 'review')
    WHERE p.stage = 'screen' AND p.recipe = (SELECT recipe FROM current_recipes WHERE stage = 'screen');
COMMENT ON VIEW pairs IS 'Problems with their accepted solution, neither duplicate nor contaminated, under the latest seeds and settings';
