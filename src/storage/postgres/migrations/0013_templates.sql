-- Mappings that are kept, with every version of each.
CREATE TABLE template (
    id uuid NOT NULL PRIMARY KEY,
    owner uuid NOT NULL,
    org_id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    version integer NOT NULL,
    spec text NOT NULL,
    sha256 text NOT NULL,
    fingerprint text NOT NULL,  -- of the names of the columns it was made for; '' for none
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX template_of_owner ON template (owner, created_at, id);
CREATE INDEX template_of_columns ON template (owner, fingerprint, updated_at) WHERE fingerprint <> '';

CREATE TABLE template_version (
    template_id uuid NOT NULL,
    version integer NOT NULL,
    spec text NOT NULL,
    sha256 text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (template_id, version)
);

-- What people have accepted: columns of this name go to this field ('' for none).
CREATE TABLE mapping_choice (
    source_name text NOT NULL,
    owner uuid NOT NULL,
    org_id uuid NOT NULL,
    target_name text NOT NULL,
    times bigint NOT NULL,
    chosen_at timestamptz NOT NULL,
    PRIMARY KEY (source_name, owner, target_name)
);
