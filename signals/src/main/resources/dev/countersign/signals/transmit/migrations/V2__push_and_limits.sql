-- How a stream is delivered. The header is the receiver's secret; it never leaves but to its endpoint.
ALTER TABLE stream ADD COLUMN method text NOT NULL DEFAULT 'poll' CHECK (method IN ('poll', 'push'));
ALTER TABLE stream ADD COLUMN endpoint_url text NOT NULL DEFAULT '';
ALTER TABLE stream ADD COLUMN authorization_header text NOT NULL DEFAULT '';

-- Why the last attempt to push failed.
ALTER TABLE delivery ADD COLUMN last_error text;
CREATE INDEX delivery_order ON delivery (stream_id, subject, place)
  WHERE acknowledged_at IS NULL AND rejected_at IS NULL;
CREATE INDEX delivery_dead ON delivery (rejected_at) WHERE rejected_at IS NOT NULL;

-- Subjects that a receiver took out of its stream; all others are in it.
CREATE TABLE removed_subject (
  stream_id   text        NOT NULL REFERENCES stream ON DELETE CASCADE,
  subject_iss text        NOT NULL,
  subject     text        NOT NULL,
  removed_at  timestamptz NOT NULL,
  PRIMARY KEY (stream_id, subject_iss, subject)
);

-- For the limit of each source.
CREATE INDEX event_of_source ON event (source, accepted_at);

GRANT SELECT, INSERT, DELETE ON removed_subject TO ${user};
