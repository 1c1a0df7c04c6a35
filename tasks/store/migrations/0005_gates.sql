CREATE TABLE elections (
    id UUID NOT NULL,
    recipe UUID NOT NULL,
    problem_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    asked INTEGER NOT NULL,
    spared INTEGER NOT NULL,
    classes INTEGER[] NOT NULL,
    share DOUBLE,
    difficulty VARCHAR
);
COMMENT ON TABLE elections IS 'How the solutions of each problem voted, one row for each problem that grade decided on';
COMMENT ON COLUMN elections.kind IS 'votes, or proof and open: nothing to compare, the judges alone decide';
COMMENT ON COLUMN elections.asked IS 'Solutions asked for';
COMMENT ON COLUMN elections.spared IS 'Solutions not asked for, since none of them could have changed the outcome';
COMMENT ON COLUMN elections.classes IS 'Solutions that agree, by answer, most first';
COMMENT ON COLUMN elections.share IS 'Of the largest class among the solutions asked for';
COMMENT ON COLUMN elections.difficulty IS 'easy, medium or hard by that share; the rater''s word is in passes';
