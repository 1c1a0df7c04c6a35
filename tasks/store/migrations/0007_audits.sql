CREATE TABLE trials (
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
