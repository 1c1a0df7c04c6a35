CREATE TABLE runs (
    id UUID NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    state VARCHAR NOT NULL,
    code_version VARCHAR NOT NULL,
    settings VARCHAR NOT NULL,
    identity VARCHAR NOT NULL,
    message VARCHAR
);
COMMENT ON TABLE runs IS 'One row for each execution of the pipeline in this workspace';
COMMENT ON COLUMN runs.state IS 'running, completed, failed or interrupted; a run that was killed stays running';
COMMENT ON COLUMN runs.code_version IS 'Version of gsdp that ran';
COMMENT ON COLUMN runs.settings IS 'All settings of the run, as JSON; keys of endpoints are names, never secrets';
COMMENT ON COLUMN runs.identity IS 'The settings and prompt hashes that shape the answers, by stage, as JSON';
COMMENT ON COLUMN runs.message IS 'Why the run ended, where it did not complete';

CREATE TABLE recipes (
    run_id UUID NOT NULL,
    stage VARCHAR NOT NULL,
    recipe UUID NOT NULL
);
COMMENT ON TABLE recipes IS 'The recipe (hash of all that shapes a row but the data) of each stage, by run';

CREATE TABLE seeds (
    id UUID NOT NULL,
    problem VARCHAR NOT NULL,
    solution VARCHAR NOT NULL,
    answer VARCHAR,
    points VARCHAR[] NOT NULL,
    metadata VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    line BIGINT NOT NULL
);
COMMENT ON TABLE seeds IS 'The solved problems that the user brought';
COMMENT ON COLUMN seeds.points IS 'Knowledge points the row itself carried; extraction is skipped when there are any';
COMMENT ON COLUMN seeds.metadata IS 'The other columns of the row, as JSON';
COMMENT ON COLUMN seeds.line IS 'Line (JSONL) or row number in the source, from 1';

CREATE TABLE selection (
    seed_id UUID NOT NULL
);
COMMENT ON TABLE selection IS 'The seeds that the present settings name; others are history';

CREATE VIEW current_seeds AS SELECT * FROM seeds WHERE id IN (SELECT seed_id FROM selection);
COMMENT ON VIEW current_seeds IS 'The seeds that the present settings name';

CREATE TABLE mentions (
    id UUID NOT NULL,
    recipe UUID NOT NULL,
    seed_id UUID NOT NULL,
    position INTEGER NOT NULL,
    name VARCHAR NOT NULL
);
COMMENT ON TABLE mentions IS 'Raw names of knowledge points, one row for each name found in each seed';
COMMENT ON COLUMN mentions.position IS 'Place in the list of the seed, from 0';

CREATE VIEW current_mentions AS SELECT * FROM mentions WHERE seed_id IN (SELECT seed_id FROM selection);
COMMENT ON VIEW current_mentions IS 'The mentions of the seeds that the present settings name';

CREATE TABLE embeddings (
    id UUID NOT NULL,
    model VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    vector FLOAT[] NOT NULL
);
COMMENT ON TABLE embeddings IS 'Vectors of names, by embedding model';

CREATE TABLE verdicts (
    id UUID NOT NULL,
    recipe UUID NOT NULL,
    task VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL
);
COMMENT ON TABLE verdicts IS 'What the curator said of names (keep, drop) and of pairs of names (same, different)';
COMMENT ON COLUMN verdicts.task IS 'filter, same or name';
COMMENT ON COLUMN verdicts.subject IS 'A name, or several names, one a line';

CREATE TABLE aliases (
    id UUID NOT NULL,
    recipe UUID NOT NULL,
    name VARCHAR NOT NULL,
    point_id UUID NOT NULL,
    how VARCHAR NOT NULL
);
COMMENT ON TABLE aliases IS 'Which knowledge point each mentioned name stands for';
COMMENT ON COLUMN aliases.how IS 'file (the user said so), normal_form, embedding or curator';

CREATE TABLE knowledge_points (
    id UUID NOT NULL,
    recipe UUID NOT NULL,
    name VARCHAR NOT NULL,
    mentions INTEGER NOT NULL,
    seeds INTEGER NOT NULL
);
COMMENT ON TABLE knowledge_points IS 'The nodes of the graph';
COMMENT ON COLUMN knowledge_points.mentions IS 'How often the point is mentioned';
COMMENT ON COLUMN knowledge_points.seeds IS 'In how many seeds it occurs';

CREATE TABLE edges (
    recipe UUID NOT NULL,
    a UUID NOT NULL,
    b UUID NOT NULL,
    weight INTEGER NOT NULL
);
COMMENT ON TABLE edges IS 'The edges of the graph: two points that occur in one seed; a < b';
COMMENT ON COLUMN edges.weight IS 'Number of seeds that hold both';

CREATE TABLE combinations (
    id UUID NOT NULL,
    recipe UUID NOT NULL,
    position BIGINT NOT NULL,
    relation VARCHAR NOT NULL,
    points UUID[] NOT NULL,
    names VARCHAR[] NOT NULL,
    weight DOUBLE NOT NULL,
    asks INTEGER NOT NULL
);
COMMENT ON TABLE combinations IS 'The combinations of knowledge points that problems are asked for';
COMMENT ON COLUMN combinations.position IS 'Place in sampling order, from 0';
COMMENT ON COLUMN combinations.names IS 'Names of the points as they were when the combination was drawn';
COMMENT ON COLUMN combinations.asks IS 'How many problems are asked for on this combination';

CREATE TABLE problems (
    id UUID NOT NULL,
    recipe UUID NOT NULL,
    combination_id UUID NOT NULL,
    sample INTEGER NOT NULL,
    text VARCHAR USING COMPRESSION zstd NOT NULL,
    call_id UUID NOT NULL
);
COMMENT ON TABLE problems IS 'What the composer wrote';
COMMENT ON COLUMN problems.sample IS 'Which of the problems asked for on the combination, from 0';

CREATE TABLE reviews (
    id UUID NOT NULL,
    problem_id UUID NOT NULL,
    judge VARCHAR NOT NULL,
    logic DOUBLE,
    presentation DOUBLE,
    difficulty VARCHAR,
    unjudged VARCHAR,
    call_id UUID NOT NULL
);
COMMENT ON TABLE reviews IS 'One row for each judge and the rater of each problem';
COMMENT ON COLUMN reviews.judge IS 'Name of the judge in the panel, or rater';
COMMENT ON COLUMN reviews.logic IS 'Logical completeness, 0 to 1';
COMMENT ON COLUMN reviews.presentation IS 'Presentational completeness, 0 to 1';
COMMENT ON COLUMN reviews.difficulty IS 'easy, medium or hard; by the rater only';
COMMENT ON COLUMN reviews.unjudged IS 'Why there is no score, where there is none';

CREATE TABLE solutions (
    id UUID NOT NULL,
    problem_id UUID NOT NULL,
    sample INTEGER NOT NULL,
    text VARCHAR USING COMPRESSION zstd NOT NULL,
    answer VARCHAR,
    call_id UUID NOT NULL
);
COMMENT ON TABLE solutions IS 'What the solvers wrote';
COMMENT ON COLUMN solutions.answer IS 'The final answer found in the text';

CREATE TABLE grades (
    id UUID NOT NULL,
    problem_id UUID NOT NULL,
    solution_id UUID NOT NULL,
    judge VARCHAR NOT NULL,
    vote INTEGER,
    unjudged VARCHAR,
    call_id UUID NOT NULL
);
COMMENT ON TABLE grades IS 'One row for each judge of each graded solution';
COMMENT ON COLUMN grades.vote IS '1 right, 0 wrong';

CREATE TABLE passes (
    id UUID NOT NULL,
    recipe UUID NOT NULL,
    stage VARCHAR NOT NULL,
    problem_id UUID NOT NULL,
    score DOUBLE,
    difficulty VARCHAR,
    solution_id UUID
);
COMMENT ON TABLE passes IS 'Problems that passed the gate of a stage; passing screen makes a pair';
COMMENT ON COLUMN passes.stage IS 'review, grade or screen';
COMMENT ON COLUMN passes.score IS 'review: weighted mean of the judges; grade: share of the winning answer among the solutions';
COMMENT ON COLUMN passes.solution_id IS 'grade and screen: the chosen solution';

CREATE TABLE rejects (
    id UUID NOT NULL,
    recipe UUID NOT NULL,
    stage VARCHAR NOT NULL,
    subject_id UUID NOT NULL,
    reason VARCHAR NOT NULL,
    detail VARCHAR NOT NULL
);
COMMENT ON TABLE rejects IS 'Items that ended at a stage, and why';
COMMENT ON COLUMN rejects.subject_id IS 'Id of the item: seed row, extraction, name, problem or solution';
COMMENT ON COLUMN rejects.reason IS 'Short code to group by';

CREATE TABLE frontier (
    recipe UUID NOT NULL,
    position BIGINT NOT NULL
);
COMMENT ON TABLE frontier IS 'Combinations before this position are finished and screened, by recipe of screen';

CREATE TABLE calls (
    id UUID NOT NULL,
    run_id UUID NOT NULL,
    stage VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    subject_id UUID NOT NULL,
    sample INTEGER NOT NULL,
    endpoint VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    prompt UUID NOT NULL,
    fault VARCHAR,
    finish_reason VARCHAR,
    attempts INTEGER NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    seconds DOUBLE NOT NULL,
    text VARCHAR USING COMPRESSION zstd,
    reasoning VARCHAR USING COMPRESSION zstd,
    ended_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE calls IS 'The ledger: one row for each request to an endpoint, committed before its answer is used';
COMMENT ON COLUMN calls.subject_id IS 'Id of the row that the answer makes';
COMMENT ON COLUMN calls.sample IS 'An answer that could not be used is asked for again under the next number';
COMMENT ON COLUMN calls.prompt IS 'Hash of the prompt file';
COMMENT ON COLUMN calls.fault IS 'Why the answer could not be used, where it could not';
COMMENT ON COLUMN calls.attempts IS 'HTTP requests made until the answer came';
COMMENT ON COLUMN calls.seconds IS 'From the first attempt to the last byte';
COMMENT ON COLUMN calls.text IS 'The raw answer, where it is kept and no other table holds it';

CREATE VIEW current_recipes AS
    SELECT stage, recipe FROM recipes WHERE run_id = (SELECT id FROM runs ORDER BY started_at DESC, id LIMIT 1);
COMMENT ON VIEW current_recipes IS 'The recipes of the latest run: rows of other recipes are history';

CREATE VIEW pairs AS
    SELECT
        p.problem_id AS id,
        c.position,
        m.sample,
        c.relation,
        c.id AS combination_id,
        c.names AS points,
        m.text AS problem,
        s.text AS solution,
        s.answer,
        p.difficulty,
        p.score AS agreement,
        r.score AS review_score,
        s.id AS solution_id
    FROM passes p
    JOIN problems m ON m.id = p.problem_id
    JOIN combinations c
        ON c.id = m.combination_id AND c.recipe = (SELECT recipe FROM current_recipes WHERE stage = 'sample')
    JOIN solutions s ON s.id = p.solution_id
    JOIN passes r
        ON r.problem_id = p.problem_id AND r.stage = 'review'
        AND r.recipe = (SELECT recipe FROM current_recipes WHERE stage = 'review')
    WHERE p.stage = 'screen' AND p.recipe = (SELECT recipe FROM current_recipes WHERE stage = 'screen');
COMMENT ON VIEW pairs IS 'Problems with their accepted solution, neither duplicate nor contaminated, under the latest settings';
