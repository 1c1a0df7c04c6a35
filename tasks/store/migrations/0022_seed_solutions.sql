CREATE TABLE seed_solutions (
    id UUID NOT NULL,
    seed_id UUID NOT NULL,
    text VARCHAR NOT NULL,
    answer VARCHAR,
    call_id UUID NOT NULL
);
COMMENT ON TABLE seed_solutions IS 'Solutions that the solver wrote for seeds with an answer alone, so that their points can be found';
COMMENT ON COLUMN seed_solutions.answer IS 'The solver''s own; where it is not the seed''s, the solution is not used';
COMMENT ON COLUMN seed_solutions.id IS 'Hash of the seed and of the solver''s recipe';
COMMENT ON COLUMN seed_solutions.seed_id IS 'The seed';
COMMENT ON COLUMN seed_solutions.text IS 'The solution; empty where none could be read';
COMMENT ON COLUMN seed_solutions.call_id IS 'The call that brought it';
