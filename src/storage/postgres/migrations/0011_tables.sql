-- Which table of its file a dataset is: one dataset per owner, bytes, version and table. A server of the release before
-- writes first tables only.
ALTER TABLE dataset ADD COLUMN table_number integer NOT NULL DEFAULT 1;
DROP INDEX dataset_content;
CREATE UNIQUE INDEX dataset_content ON dataset (owner, sha256, version, table_number);
