-- Listings of APIs go by names, far down too: what they ask is all here, so that the documents of those that
-- stand before a page are not read.
CREATE INDEX api_listing ON apis (name_key, provider, api_version, id, context_key, state);
