-- Listings that indexes answer, far down too: see the one of APIs.

-- An owner's applications by name.
CREATE INDEX application_listing ON applications (owner, name_key, id);

-- The APIs that were changed last.
CREATE INDEX api_change ON apis (updated_at, id, state);

-- An owner's subscriptions to an API, by the names of the applications: both are the application's, and change
-- with it.
ALTER TABLE subscriptions ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN application_key TEXT NOT NULL DEFAULT '';
UPDATE subscriptions SET (owner, application_key) =
    (SELECT a.owner, a.name_key FROM applications a WHERE a.id = subscriptions.application);
CREATE INDEX subscription_listing ON subscriptions (api, owner, application_key, id);
