-- What came later is told by a counter: clocks are set back.
ALTER TABLE runs ADD COLUMN number BIGINT DEFAULT 0;
UPDATE runs SET number = places.place
    FROM (SELECT id, row_number() OVER (ORDER BY started_at, id DESC) AS place FROM runs) AS places
    WHERE runs.id = places.id;
COMMENT ON COLUMN runs.number IS 'Counts the runs of the workspace from 1; the latest has the largest';

ALTER TABLE quotes ADD COLUMN number BIGINT DEFAULT 0;
UPDATE quotes SET number = places.place
    FROM (SELECT id, row_number() OVER (ORDER BY quoted_at, id DESC) AS place FROM quotes) AS places
    WHERE quotes.id = places.id;
COMMENT ON COLUMN quotes.number IS 'Counts the quotes of the workspace from 1';
ALTER TABLE quotes ADD COLUMN run BIGINT;
UPDATE quotes SET run = (SELECT max(number) FROM runs WHERE started_at <= quoted_at);
COMMENT ON COLUMN quotes.run IS 'Number of the run that was its probe: what later runs pay has been paid since';

ALTER TABLE batches ADD COLUMN number BIGINT DEFAULT 0;
UPDATE batches SET number = places.place
    FROM (SELECT id, row_number() OVER (ORDER BY sent_at, id) AS place FROM batches) AS places
    WHERE batches.id = places.id;
COMMENT ON COLUMN batches.number IS 'Counts the batches of the workspace from 1';

CREATE OR REPLACE VIEW current_recipes AS
    SELECT stage, recipe FROM recipes WHERE run_id = (SELECT id FROM runs ORDER BY number DESC, id LIMIT 1);
COMMENT ON VIEW current_recipes IS 'The recipes of the latest run: rows of other recipes are history';
