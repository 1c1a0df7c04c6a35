CREATE TABLE gate_audits (
    id UUID NOT NULL,
    audited_at TIMESTAMP NOT NULL,
    gate VARCHAR NOT NULL,
    rejected BIGINT NOT NULL,
    rejected_good BIGINT NOT NULL,
    rejected_bad BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    accepted_good BIGINT NOT NULL,
    accepted_bad BIGINT NOT NULL
);
COMMENT ON TABLE gate_audits IS 'What each audit of the gates found, one row for each gate whose items the verifier judged';
COMMENT ON COLUMN gate_audits.rejected IS 'Items that the gate rejected; of a sample of them the verifier called some good, some bad';
COMMENT ON COLUMN gate_audits.accepted IS 'Items that it accepted, likewise';
