-- Who is signed in to the pages, by the digest of what the browser's cookie holds.

CREATE TABLE console_sessions (
    digest TEXT PRIMARY KEY,
    username TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    used_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX console_session_user ON console_sessions (username);
CREATE INDEX console_session_expiry ON console_sessions (expires_at);
