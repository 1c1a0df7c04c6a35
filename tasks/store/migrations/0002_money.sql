ALTER TABLE calls ADD COLUMN cost DOUBLE;
ALTER TABLE calls ADD COLUMN presumed_tokens BIGINT DEFAULT 0;
COMMENT ON COLUMN calls.cost IS 'USD of all attempts, at the prices of the run; NULL where nobody knows a price';
COMMENT ON COLUMN calls.presumed_tokens IS 'Tokens of attempts whose outcome is unknown, at their worst case; cost holds them too';

ALTER TABLE runs ADD COLUMN prices VARCHAR;
COMMENT ON COLUMN runs.prices IS 'Prices of the run by endpoint and model, in USD a token or a second, and who says so, as JSON';

CREATE TABLE leases (
    run_id UUID NOT NULL,
    unit VARCHAR NOT NULL,
    amount DOUBLE NOT NULL
);
COMMENT ON TABLE leases IS 'What each run with a budget may have spent at most; after an orderly end, what it spent';
COMMENT ON COLUMN leases.unit IS 'USD or tokens';

CREATE VIEW lost AS
    SELECT l.run_id, l.unit, greatest(0, l.amount - coalesce(sum(
        if(l.unit = 'USD', coalesce(c.cost, 0), c.input_tokens + c.output_tokens + coalesce(c.presumed_tokens, 0))), 0)) AS amount
    FROM leases l LEFT JOIN calls c ON c.run_id = l.run_id
    GROUP BY l.run_id, l.unit, l.amount;
COMMENT ON VIEW lost IS 'What runs may have spent beyond what the ledger explains: counted as spent';

CREATE VIEW spending AS
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
            c.stage NOT IN ('extract', 'connect') AND coalesce(o.problem_id NOT IN (SELECT id FROM pairs), true)
        ) AS cost_of_rejected
    FROM calls c LEFT JOIN owners o ON o.subject_id = c.subject_id
    GROUP BY c.stage, c.model;
COMMENT ON VIEW spending IS 'The ledger by stage and model: calls, tokens, seconds, USD, and the USD spent on what is no pair';
