-- Comments in plainer words; nothing else changes.

COMMENT ON TABLE batches IS 'Batches of calls given to a server to answer within hours, so that none is paid for twice';
COMMENT ON TABLE in_flight IS 'Calls of a run that were in flight a few seconds ago; a clean end deletes them. What a killed run leaves may be billed, and is in no row of the ledger';
COMMENT ON COLUMN in_flight.calls IS 'How many were in flight when it was last noted, every few seconds';
COMMENT ON TABLE loads IS 'Calls in flight to each endpoint over a run, and how many it was thought to take';
COMMENT ON COLUMN loads.calls IS 'Calls in flight to it';
COMMENT ON COLUMN quotas.wanted IS 'Hash of target and quotas; under others, screen decides again';
COMMENT ON COLUMN seed_solutions.call_id IS 'The call that brought it';
COMMENT ON TABLE trials IS 'What judges and the verifier said outside the gates: in audits, and about texts near a benchmark item';
COMMENT ON TABLE verifier_audits IS 'How our verdicts on answers of the run compare with those of math-verify, one row for each audit';
COMMENT ON COLUMN verifier_audits.unread IS 'Pairs on which math-verify did not finish within the limits';
COMMENT ON COLUMN spending.faults IS 'Calls without a usable answer';
