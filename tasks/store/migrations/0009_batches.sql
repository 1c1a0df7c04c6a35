CREATE TABLE batches (
    id UUID NOT NULL,
    run_id UUID NOT NULL,
    server VARCHAR NOT NULL,
    file VARCHAR NOT NULL,
    remote VARCHAR,
    sent_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE batches IS 'Batches of calls given to a server to answer within hours, so that none is paid for twice';
COMMENT ON COLUMN batches.run_id IS 'The run whose lease holds their worst case';
COMMENT ON COLUMN batches.server IS 'Address of the server, without secrets';
COMMENT ON COLUMN batches.file IS 'What the server calls the file of their requests';
COMMENT ON COLUMN batches.remote IS 'What the server calls the batch; NULL until it is known, then it is found by its file';

CREATE TABLE batched (
    call_id UUID NOT NULL,
    batch UUID NOT NULL,
    worst DOUBLE NOT NULL
);
COMMENT ON TABLE batched IS 'The calls of each batch; one without a row in calls is still to be collected';
COMMENT ON COLUMN batched.worst IS 'Most that it can cost, in the unit of the lease of the run';
