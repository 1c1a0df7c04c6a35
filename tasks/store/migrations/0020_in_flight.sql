CREATE TABLE in_flight (
    run_id UUID NOT NULL,
    endpoint VARCHAR NOT NULL,
    calls BIGINT NOT NULL
);
COMMENT ON TABLE in_flight IS 'Calls of a run that were in flight a few seconds ago; a clean end deletes them. What a killed run leaves may be billed, and is in no row of the ledger';
COMMENT ON COLUMN in_flight.run_id IS 'The run that had sent them';
COMMENT ON COLUMN in_flight.endpoint IS 'The endpoint that they were sent to';
COMMENT ON COLUMN in_flight.calls IS 'How many were in flight when it was last noted, every few seconds';
