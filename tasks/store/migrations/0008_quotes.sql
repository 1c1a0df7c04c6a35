CREATE TABLE quotes (
    id UUID NOT NULL,
    quoted_at TIMESTAMP NOT NULL,
    target_pairs BIGINT NOT NULL,
    wanted BIGINT NOT NULL,
    seeds INTEGER NOT NULL,
    combinations INTEGER NOT NULL,
    pairs INTEGER NOT NULL
);
COMMENT ON TABLE quotes IS 'One row for each quote: what it was asked for, and the probe that it rests on';
COMMENT ON COLUMN quotes.wanted IS 'Pairs of the target that were not there yet';
COMMENT ON COLUMN quotes.seeds IS 'Seeds of the probe';
COMMENT ON COLUMN quotes.combinations IS 'Combinations that the probe finished';
COMMENT ON COLUMN quotes.pairs IS 'Pairs that these made';

CREATE TABLE quoted (
    quote_id UUID NOT NULL,
    stage VARCHAR NOT NULL,
    measure VARCHAR NOT NULL,
    expected DOUBLE NOT NULL,
    low DOUBLE NOT NULL,
    high DOUBLE NOT NULL
);
COMMENT ON TABLE quoted IS 'The figures of each quote: what the calls that were still to come would take';
COMMENT ON COLUMN quoted.stage IS 'Stage, or all';
COMMENT ON COLUMN quoted.measure IS 'combinations, calls, input_tokens, output_tokens, tokens (both), hours or usd';
COMMENT ON COLUMN quoted.low IS 'From here to high it comes 19 times of 20; high is infinite where no end is known';
