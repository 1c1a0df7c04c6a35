-- What is in it can be found out again, and is.
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

CREATE TABLE repeats (
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

CREATE TABLE evidence (
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
