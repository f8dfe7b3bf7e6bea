-- Which table of its file a dataset is: one dataset per owner, bytes, version and table.
ALTER TABLE dataset ADD COLUMN table_number INTEGER NOT NULL DEFAULT 1;
DROP INDEX dataset_content;
CREATE UNIQUE INDEX dataset_content ON dataset (owner, sha256, version, table_number);
