COMMENT ON TABLE trials IS 'What judges and the verifier said outside the gates: in audits, and about texts near a benchmark item';
COMMENT ON COLUMN trials.task IS 'review (of a problem), grade (of a solution) or contamination (of a text by a benchmark item)';
COMMENT ON COLUMN trials.value IS 'review: mean of the scores, 0 to 1; grade: 1 right, 0 wrong; contamination: 1 gives the item away';
COMMENT ON COLUMN evidence.rule IS '13-gram, 8-gram coverage, whole text or meaning';
COMMENT ON COLUMN evidence.coverage IS 'Share of the item''s runs of words that the text holds; the cosine of the vectors for meaning';
COMMENT ON COLUMN evidence.overlap IS 'Words that they share; for meaning, those of the item';
