-- Key managers and tags that APIs name, so that those with one can be counted and found without reading every
-- API.

CREATE TABLE api_words (
    -- key_manager or tag.
    kind TEXT NOT NULL,
    -- Of a key manager its name, or all; of a tag its lower case.
    word TEXT NOT NULL,
    api TEXT NOT NULL REFERENCES apis (id) ON DELETE CASCADE,
    PRIMARY KEY (kind, word, api)
);
CREATE INDEX api_word_api ON api_words (api);
INSERT INTO api_words (kind, word, api)
SELECT DISTINCT 'key_manager', each.value, apis.id
FROM apis, json_each(apis.document, '$.keyManagers') AS each;
INSERT INTO api_words (kind, word, api)
SELECT DISTINCT 'tag', lower(each.value), apis.id
FROM apis, json_each(apis.document, '$.tags') AS each;
