-- Datasets have versions: the rows of one series are states of the same table. A server of the release before writes no series_id:
-- then a dataset is a series of its own.
ALTER TABLE dataset ADD COLUMN series_id uuid;
ALTER TABLE dataset ADD COLUMN parent_id uuid;
ALTER TABLE dataset ADD COLUMN mode text NOT NULL DEFAULT 'import';
ALTER TABLE dataset ADD COLUMN key_columns json NOT NULL DEFAULT '[]';
ALTER TABLE dataset ADD COLUMN contract text NOT NULL DEFAULT 'evolve';
ALTER TABLE dataset ADD COLUMN changes json NOT NULL DEFAULT '{}';
-- Versions that there are came from the same bytes.
UPDATE dataset SET series_id = (SELECT first.id FROM dataset AS first
    WHERE first.owner = dataset.owner AND first.sha256 = dataset.sha256 AND first.table_number = dataset.table_number
    ORDER BY first.version LIMIT 1);
DROP INDEX dataset_content;
CREATE UNIQUE INDEX dataset_content ON dataset (owner, sha256, version, table_number) WHERE mode = 'import';
CREATE UNIQUE INDEX dataset_series ON dataset (coalesce(series_id, id), version);
CREATE INDEX dataset_parent ON dataset (parent_id) WHERE parent_id IS NOT NULL;
