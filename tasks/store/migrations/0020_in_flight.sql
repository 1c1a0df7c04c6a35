CREATE TABLE in_flight (
    run_id UUID NOT NULL,
    endpoint VARCHAR NOT NULL,
    calls BIGINT NOT NULL
);
COMMENT ON TABLE in_flight IS 'Calls of a run that were on their way a few seconds ago; an orderly end deletes them. What a killed run leaves may be billed, and no row of the ledger tells of it';
