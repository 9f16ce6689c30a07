-- What gateways report every few seconds. Neither the audit nor the changes tell of it.

CREATE TABLE gateways (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    -- 0 while it runs, as far as is known.
    stopped_at BIGINT NOT NULL
);

-- Rows of each span (in seconds) go round in a circle, so that a gateway has a bounded number of them: a
-- later one takes the place of the one that has had its slot.
CREATE TABLE gateway_reports (
    gateway TEXT NOT NULL REFERENCES gateways (id) ON DELETE CASCADE,
    span BIGINT NOT NULL,
    slot BIGINT NOT NULL,
    -- When the span began, and when this was written.
    begun_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    -- Number of the change that was in force.
    change BIGINT NOT NULL,
    document TEXT NOT NULL,
    decisions TEXT NOT NULL,
    PRIMARY KEY (gateway, span, slot)
);
CREATE INDEX gateway_report_begin ON gateway_reports (span, begun_at);
