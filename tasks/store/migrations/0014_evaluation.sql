CREATE TABLE benchmark_items (
    id UUID NOT NULL,
    benchmark VARCHAR NOT NULL,
    line INTEGER NOT NULL,
    problem VARCHAR NOT NULL,
    choices VARCHAR[] NOT NULL,
    answer VARCHAR NOT NULL,
    level VARCHAR,
    subject VARCHAR
);
COMMENT ON TABLE benchmark_items IS 'The items that models are evaluated on, as the files hold them now';
COMMENT ON COLUMN benchmark_items.id IS 'Hash of the text and the options; the answer may be corrected';
COMMENT ON COLUMN benchmark_items.choices IS 'Options of multiple choice; the answer is then the letter of one';

CREATE TABLE examinees (
    run_id UUID NOT NULL,
    position INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    prompt VARCHAR NOT NULL,
    recipe UUID NOT NULL
);
COMMENT ON TABLE examinees IS 'The models that each evaluation was about, with the recipe of their attempts by prompt';
COMMENT ON COLUMN examinees.position IS 'Place in the settings';
COMMENT ON COLUMN examinees.name IS 'What tables call the model: its endpoint''s name';

CREATE TABLE attempts (
    id UUID NOT NULL,
    recipe UUID NOT NULL,
    item_id UUID NOT NULL,
    sample INTEGER NOT NULL,
    answer VARCHAR,
    fault VARCHAR,
    call_id UUID NOT NULL
);
COMMENT ON TABLE attempts IS 'One answer of a model to a benchmark item';
COMMENT ON COLUMN attempts.answer IS 'The final answer that the text states; NULL where it states none';
COMMENT ON COLUMN attempts.fault IS 'Why the text is no whole answer, such as truncated';

CREATE TABLE marks (
    id UUID NOT NULL,
    attempt_id UUID NOT NULL,
    outcome VARCHAR NOT NULL,
    reference BOOLEAN
);
COMMENT ON TABLE marks IS 'Whether an attempt is right, by an item''s answer and the rule of equivalence; another answer makes another mark';
COMMENT ON COLUMN marks.id IS 'Hash of the attempt, the right answer and the rule';
COMMENT ON COLUMN marks.outcome IS 'same, different, unknown (nobody could tell), or none (no answer)';
COMMENT ON COLUMN marks.reference IS 'What math-verify alone says of the whole text; NULL where it could not be asked';
