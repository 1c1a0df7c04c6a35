CREATE TABLE loads (
    run_id UUID NOT NULL,
    endpoint VARCHAR NOT NULL,
    noted_at TIMESTAMP NOT NULL,
    calls INTEGER NOT NULL,
    bears INTEGER NOT NULL
);
COMMENT ON TABLE loads IS 'Calls in flight to each endpoint over a run, and how many it was thought to take';
COMMENT ON COLUMN loads.noted_at IS 'When the endpoint''s limit had changed, looked at every few seconds';
COMMENT ON COLUMN loads.bears IS 'The limit found by what the endpoint refuses; at most the concurrency of the settings';
COMMENT ON COLUMN loads.run_id IS 'The run that wrote it';
COMMENT ON COLUMN loads.endpoint IS 'Name of the endpoint in the settings';
COMMENT ON COLUMN loads.calls IS 'Calls in flight to it';
