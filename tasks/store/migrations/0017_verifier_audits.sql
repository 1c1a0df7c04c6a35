CREATE TABLE verifier_audits (
    id UUID NOT NULL,
    audited_at TIMESTAMP NOT NULL,
    pairs BIGINT NOT NULL,
    same BIGINT NOT NULL,
    different BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    unread BIGINT NOT NULL,
    parted BIGINT NOT NULL
);
COMMENT ON TABLE verifier_audits IS 'How our verdicts on answers of the run compare with those of math-verify, one row for each audit';
COMMENT ON COLUMN verifier_audits.unread IS 'Pairs on which math-verify did not finish within the limits';
COMMENT ON COLUMN verifier_audits.parted IS 'Pairs that one calls the same and the other different';
