-- Mappings that are kept, with every version of each.
CREATE TABLE template (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner BLOB NOT NULL,
    org_id BLOB NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    version INTEGER NOT NULL,
    spec TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    fingerprint TEXT NOT NULL,  -- of the names of the columns it was made for; '' for none
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX template_of_owner ON template (owner, created_at, id);
CREATE INDEX template_of_columns ON template (owner, fingerprint, updated_at) WHERE fingerprint <> '';

CREATE TABLE template_version (
    template_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    spec TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (template_id, version)
) STRICT, WITHOUT ROWID;

-- What people have accepted: columns of this name go to this field ('' for none).
CREATE TABLE mapping_choice (
    source_name TEXT NOT NULL,
    owner BLOB NOT NULL,
    org_id BLOB NOT NULL,
    target_name TEXT NOT NULL,
    times INTEGER NOT NULL,
    chosen_at INTEGER NOT NULL,
    PRIMARY KEY (source_name, owner, target_name)
) STRICT, WITHOUT ROWID;
