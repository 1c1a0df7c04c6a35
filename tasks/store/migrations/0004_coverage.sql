ALTER TABLE combinations ADD COLUMN level VARCHAR;
COMMENT ON COLUMN combinations.level IS 'How hard its problems are asked to be, where that is said';

CREATE TABLE draws (
    recipe UUID NOT NULL,
    graph UUID NOT NULL,
    begin BIGINT NOT NULL,
    place BIGINT NOT NULL
);
COMMENT ON TABLE draws IS 'How far the present graph''s sequence of combinations is in the store, by recipe of sample';
COMMENT ON COLUMN draws.graph IS 'Fingerprint of the graph; another one begins a sequence of its own behind what is there';
COMMENT ON COLUMN draws.begin IS 'Combinations that were there when the sequence began';
COMMENT ON COLUMN draws.place IS 'Everything before this place of the sequence is in the store';

CREATE TABLE communities (
    recipe UUID NOT NULL,
    point_id UUID NOT NULL,
    community INTEGER NOT NULL
);
COMMENT ON TABLE communities IS 'Which community of the graph each point belongs to, by recipe of connect';
COMMENT ON COLUMN communities.community IS 'From 0, the largest first';

CREATE TABLE quotas (
    recipe UUID NOT NULL,
    wanted UUID NOT NULL
);
COMMENT ON TABLE quotas IS 'The target and quotas that the decisions of screen rest on, where there are quotas';
COMMENT ON COLUMN quotas.recipe IS 'Recipe of screen';
COMMENT ON COLUMN quotas.wanted IS 'Hash of target and quotas; under others, screen decides anew';
