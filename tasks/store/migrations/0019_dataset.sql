ALTER TABLE elections ADD COLUMN agreed UUID[];
COMMENT ON COLUMN elections.agreed IS 'Solutions of the largest class; NULL in rows of older stores';

CREATE TABLE sources (
    source VARCHAR NOT NULL,
    digest VARCHAR NOT NULL
);
COMMENT ON TABLE sources IS 'The seed files that the present settings name, as they were read last';
COMMENT ON COLUMN sources.source IS 'Name of the file, as in seeds';
COMMENT ON COLUMN sources.digest IS 'SHA-256 of its bytes';
