-- For a while the sixth migration was another one, which made `trials` and not what stands here: it is made good.
DROP TABLE communities;
CREATE TABLE communities (
    recipe UUID NOT NULL,
    graph UUID NOT NULL,
    point_id UUID NOT NULL,
    community INTEGER NOT NULL
);
COMMENT ON TABLE communities IS 'Which community of the graph each point belongs to, by recipe of connect';
COMMENT ON COLUMN communities.graph IS 'Fingerprint of the graph that they were found in';
COMMENT ON COLUMN communities.community IS 'From 0, the largest first';

CREATE TABLE IF NOT EXISTS repeats (
    recipe UUID NOT NULL,
    problem_id UUID NOT NULL,
    kept_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    similarity DOUBLE NOT NULL
);
COMMENT ON TABLE repeats IS 'Problems kept out because they repeat a kept one or a seed: rows of one kept_id are a cluster';
COMMENT ON COLUMN repeats.kept_id IS 'The pair or seed that came first';
COMMENT ON COLUMN repeats.kind IS 'exact, near, template (one more with other numbers than may be kept) or semantic';
COMMENT ON COLUMN repeats.similarity IS 'Jaccard similarity of word 3-grams; the cosine of the vectors for semantic';

CREATE TABLE IF NOT EXISTS evidence (
    recipe UUID NOT NULL,
    subject_id UUID NOT NULL,
    part VARCHAR NOT NULL,
    item VARCHAR NOT NULL,
    rule VARCHAR NOT NULL,
    coverage DOUBLE NOT NULL,
    overlap VARCHAR NOT NULL
);
COMMENT ON TABLE evidence IS 'The evidence of contamination: texts kept out because they repeat a benchmark item';
COMMENT ON COLUMN evidence.subject_id IS 'The problem, or the row of a seed file, as in rejects';
COMMENT ON COLUMN evidence.part IS 'problem, solution, seed problem or seed solution';
COMMENT ON COLUMN evidence.item IS 'File and line of the benchmark';
COMMENT ON COLUMN evidence.rule IS '13-gram, 8-gram coverage or whole text';
COMMENT ON COLUMN evidence.coverage IS 'Share of the item''s runs of words that the text holds';
COMMENT ON COLUMN evidence.overlap IS 'Words that they share';

CREATE TABLE IF NOT EXISTS trials (
    id UUID NOT NULL,
    judge VARCHAR NOT NULL,
    task VARCHAR NOT NULL,
    subject_id UUID NOT NULL,
    value DOUBLE,
    unjudged VARCHAR,
    call_id UUID NOT NULL
);
COMMENT ON TABLE trials IS 'What judges and the verifier said in audits, on items of the run or of a labelled file';
COMMENT ON COLUMN trials.task IS 'review (of a problem) or grade (of a solution)';
COMMENT ON COLUMN trials.subject_id IS 'Hash of the text that was judged';
COMMENT ON COLUMN trials.value IS 'review: mean of the scores, 0 to 1; grade: 1 right, 0 wrong';
COMMENT ON COLUMN trials.unjudged IS 'Why there is no value, where there is none';

CREATE OR REPLACE VIEW spending AS
    WITH owners AS (
        SELECT id AS subject_id, id AS problem_id FROM problems
        UNION ALL SELECT id, problem_id FROM reviews
        UNION ALL SELECT id, problem_id FROM solutions
        UNION ALL SELECT id, problem_id FROM grades
    )
    SELECT
        c.stage,
        c.model,
        count(*) AS calls,
        (sum(c.attempts) - count(*))::BIGINT AS retries,
        count(c.fault) AS faults,
        sum(c.input_tokens)::BIGINT AS input_tokens,
        sum(c.cached_tokens)::BIGINT AS cached_tokens,
        sum(c.output_tokens)::BIGINT AS output_tokens,
        sum(c.reasoning_tokens)::BIGINT AS reasoning_tokens,
        sum(c.seconds) AS seconds,
        sum(c.cost) AS cost,
        sum(c.cost) FILTER (
            c.stage IN ('compose', 'review', 'solve', 'grade')
                AND coalesce(o.problem_id NOT IN (SELECT id FROM pairs), true)
        ) AS cost_of_rejected
    FROM calls c LEFT JOIN owners o ON o.subject_id = c.subject_id
    GROUP BY c.stage, c.model;
COMMENT ON VIEW spending IS 'The ledger by stage and model: calls, tokens, seconds, USD, and the USD spent on what is no pair';
