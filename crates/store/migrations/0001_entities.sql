-- What the control plane keeps. One text for SQLite and PostgreSQL: ids, documents and sealed
-- values are TEXT, times are BIGINT milliseconds, flags are BIGINT 0 or 1. A column *_key holds the
-- lower-cased form of its neighbour, made in Rust: lower() means different things to the two.

CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('change', 0), ('audit', 0), ('revocation', 0);

CREATE TABLE sealing (
    name TEXT PRIMARY KEY,
    sealed TEXT NOT NULL
);

CREATE TABLE changes (
    sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    entity TEXT NOT NULL,
    entity_id TEXT NOT NULL
);
CREATE INDEX change_at ON changes (at);

CREATE TABLE audit (
    sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    address TEXT,
    action TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    before TEXT,
    after TEXT
);
CREATE INDEX audit_entity ON audit (entity, entity_id, sequence);

CREATE TABLE users (
    name TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL,
    roles TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE clients (
    client_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    secret TEXT NOT NULL,
    grants TEXT NOT NULL,
    callback_url TEXT,
    token_type TEXT NOT NULL,
    purpose TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX client_name ON clients (name) WHERE purpose = 'REGISTERED';

CREATE TABLE tokens (
    digest TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    family TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    username TEXT,
    scope TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX token_family ON tokens (family);
CREATE INDEX token_client ON tokens (client_id);
CREATE INDEX token_expiry ON tokens (expires_at);

CREATE TABLE key_managers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    document TEXT NOT NULL,
    secrets TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX key_manager_name ON key_managers (name);

CREATE TABLE plans (
    id TEXT PRIMARY KEY,
    level TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX plan_name ON plans (level, name);

CREATE TABLE deny_policies (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    document TEXT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE scopes (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX scope_name ON scopes (name);

CREATE TABLE apis (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    api_version TEXT NOT NULL,
    context TEXT NOT NULL,
    context_key TEXT NOT NULL,
    provider TEXT NOT NULL,
    state TEXT NOT NULL,
    document TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revisions_made BIGINT NOT NULL
);
CREATE UNIQUE INDEX api_name ON apis (name_key, api_version);
CREATE UNIQUE INDEX api_context ON apis (context_key, api_version);

CREATE TABLE revisions (
    id TEXT PRIMARY KEY,
    api TEXT NOT NULL REFERENCES apis (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    description TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX revision_number ON revisions (api, number);

CREATE TABLE deployments (
    api TEXT NOT NULL REFERENCES apis (id) ON DELETE CASCADE,
    environment TEXT NOT NULL,
    revision TEXT NOT NULL REFERENCES revisions (id),
    vhost TEXT NOT NULL,
    display_on_devportal BIGINT NOT NULL,
    deployed_at BIGINT NOT NULL,
    PRIMARY KEY (api, environment)
);
CREATE INDEX deployment_revision ON deployments (revision);
CREATE INDEX deployment_environment ON deployments (environment);

CREATE TABLE applications (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    owner TEXT NOT NULL,
    plan TEXT NOT NULL,
    document TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX application_name ON applications (owner, name_key);
CREATE INDEX application_order ON applications (name_key, id);
CREATE INDEX application_plan ON applications (plan);

CREATE TABLE key_mappings (
    id TEXT PRIMARY KEY,
    application TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    key_manager TEXT NOT NULL REFERENCES key_managers (id),
    key_type TEXT NOT NULL,
    consumer_key TEXT NOT NULL,
    secret TEXT,
    mode TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX key_mapping_consumer_key ON key_mappings (key_manager, consumer_key);
CREATE UNIQUE INDEX key_mapping_key_type ON key_mappings (application, key_manager, key_type);

CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY,
    application TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    api TEXT NOT NULL REFERENCES apis (id),
    plan TEXT NOT NULL,
    requested_plan TEXT NOT NULL,
    status TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX subscription_pair ON subscriptions (application, api);
CREATE INDEX subscription_api ON subscriptions (api, id);
CREATE INDEX subscription_plan ON subscriptions (plan);

CREATE TABLE revocations (
    sequence BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX revocation_expiry ON revocations (expires_at);
