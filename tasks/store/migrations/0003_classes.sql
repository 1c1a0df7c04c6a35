CREATE TABLE proposals (
    recipe UUID NOT NULL,
    name VARCHAR NOT NULL,
    other VARCHAR NOT NULL,
    score DOUBLE,
    verdict VARCHAR NOT NULL,
    decided_by VARCHAR NOT NULL
);
COMMENT ON TABLE proposals IS 'Pairs of names that may be one knowledge point, and what was decided of them';
COMMENT ON COLUMN proposals.score IS 'Cosine of their vectors; without an embedder, of their letters';
COMMENT ON COLUMN proposals.verdict IS 'same, different or undecided';
COMMENT ON COLUMN proposals.decided_by IS 'file (the user), contrast (words that exclude each other), score, curator or nobody';

CREATE TABLE readings (
    id UUID NOT NULL,
    recipe UUID NOT NULL,
    problem_id UUID NOT NULL,
    names VARCHAR[] NOT NULL,
    fault VARCHAR
);
COMMENT ON TABLE readings IS 'Knowledge points found again in a sample of the problems, by the audit of adherence';
