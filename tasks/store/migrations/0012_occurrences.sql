-- Rows of the latest run's settings that several reports look up.

CREATE VIEW occurrences AS
    SELECT a.point_id, m.seed_id
    FROM current_mentions m
    JOIN aliases a
        ON a.name = m.name AND a.recipe = (SELECT recipe FROM current_recipes WHERE stage = 'connect')
    WHERE m.recipe = (SELECT recipe FROM current_recipes WHERE stage = 'extract');
COMMENT ON VIEW occurrences IS 'Which seed mentions which knowledge point, once for each mention, under the latest settings';

CREATE VIEW current_passes AS
    SELECT * FROM passes WHERE recipe IN (SELECT recipe FROM current_recipes);
COMMENT ON VIEW current_passes IS 'What passed a gate under the latest settings';

CREATE VIEW current_rejects AS
    SELECT * FROM rejects WHERE recipe IN (SELECT recipe FROM current_recipes);
COMMENT ON VIEW current_rejects IS 'What ended at a stage under the latest settings; what ingest refused has no recipe of a run';

CREATE VIEW current_elections AS
    SELECT * FROM elections WHERE recipe IN (SELECT recipe FROM current_recipes);
COMMENT ON VIEW current_elections IS 'How the answers of a problem were voted on, under the latest settings';
