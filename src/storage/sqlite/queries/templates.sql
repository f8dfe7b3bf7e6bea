-- define: template_columns
id, owner, org_id, name, description, version, spec, sha256, fingerprint, created_at, updated_at

-- name: templates.put
INSERT INTO template ({template_columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, version = excluded.version,
    spec = excluded.spec, sha256 = excluded.sha256, fingerprint = excluded.fingerprint, updated_at = excluded.updated_at;

-- name: templates.put_version
INSERT INTO template_version (template_id, version, spec, sha256, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (template_id, version) DO NOTHING;

-- name: templates.lock
SELECT version FROM template WHERE id = ?1;

-- name: templates.remove
DELETE FROM template WHERE id = ?1;

-- name: templates.remove_versions
DELETE FROM template_version WHERE template_id = ?1;

-- name: templates.get
SELECT {template_columns} FROM template WHERE id = ?1;

-- name: templates.list
-- Conditions, order and limit are added by detail/list.cpp.
SELECT {template_columns} FROM template;

-- name: templates.versions
SELECT version, sha256, created_at FROM template_version WHERE template_id = ?1 ORDER BY version DESC;

-- name: templates.spec
SELECT spec FROM template_version WHERE template_id = ?1 AND version = ?2;

-- name: templates.by_fingerprint
SELECT {template_columns} FROM template INDEXED BY template_of_columns
WHERE owner = ?1 AND fingerprint = ?2 AND fingerprint <> '' ORDER BY updated_at DESC, id DESC LIMIT 1;

-- name: choices.learn
INSERT INTO mapping_choice (source_name, owner, org_id, target_name, times, chosen_at) VALUES (?1, ?2, ?3, ?4, 1, ?5)
ON CONFLICT (source_name, owner, target_name) DO UPDATE SET times = mapping_choice.times + 1, chosen_at = excluded.chosen_at
WHERE mapping_choice.chosen_at < excluded.chosen_at;

-- name: choices.of_names
-- The nearest first: the user's own, then those of the organisation, then all others. Of the own the last one counts: a
-- correction is one correction. Of others it is the most frequent.
SELECT source_name, target_name, nearness, times, chosen_at FROM (
    SELECT source_name, target_name, CASE WHEN owner = ?2 THEN 0 WHEN org_id = ?3 THEN 1 ELSE 2 END AS nearness,
           sum(times) AS times, max(chosen_at) AS chosen_at
    FROM mapping_choice WHERE source_name IN (SELECT value FROM json_each(?1)) GROUP BY 1, 2, 3
) AS choice
ORDER BY source_name, nearness, CASE WHEN nearness = 0 THEN chosen_at END DESC, times DESC, chosen_at DESC, target_name;
