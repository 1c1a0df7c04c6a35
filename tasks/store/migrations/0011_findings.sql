CREATE TABLE findings (
    recipe UUID NOT NULL,
    graph UUID NOT NULL,
    place INTEGER NOT NULL,
    text VARCHAR NOT NULL
);
COMMENT ON TABLE findings IS 'Whether the knowledge graph gives what sampling asks of it, in sentences';
COMMENT ON COLUMN findings.recipe IS 'Of sample';
COMMENT ON COLUMN findings.graph IS 'Fingerprint of the graph';
COMMENT ON COLUMN findings.place IS 'Place of the sentence, from 0; the last one may be advice';
