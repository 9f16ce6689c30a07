-- The scopes of APIs, so that one can be asked for without reading every API.

CREATE TABLE api_scopes (
    scope TEXT NOT NULL,
    api TEXT NOT NULL REFERENCES apis (id) ON DELETE CASCADE,
    -- Roles, as a JSON list.
    bindings TEXT NOT NULL,
    -- 1 where it stands for the shared scope of that name.
    shared BIGINT NOT NULL,
    PRIMARY KEY (scope, api)
);
CREATE INDEX api_scope_api ON api_scopes (api);
INSERT INTO api_scopes (scope, api, bindings, shared)
SELECT each.value ->> 'name', apis.id, each.value ->> 'bindings',
    CASE WHEN (each.value ->> 'shared') || '' IN ('1', 'true') THEN 1 ELSE 0 END
FROM apis, json_each(apis.document, '$.scopes') AS each;
