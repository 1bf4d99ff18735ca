-- The gateway's state. The subject key leads in what grows with people.

-- Calls of write tools that were begun, so that a repeat gets the outcome instead of a second effect.
CREATE TABLE call (
  subject     text        NOT NULL,
  client      text        NOT NULL,              -- who calls for the person
  tool        text        NOT NULL,
  call_key    text        NOT NULL,              -- digest of the arguments that make two calls the same
  jti         text        NOT NULL,              -- of the call that began
  started_at  timestamptz NOT NULL,
  repeats_until timestamptz NOT NULL,            -- from then on the same call is a new one
  finished_at timestamptz,
  outcome     text,                              -- what the tool answered, JSON; null: it ended with an unknown effect
  PRIMARY KEY (subject, client, tool, call_key),
  CHECK (outcome IS NULL OR finished_at IS NOT NULL)
);

CREATE INDEX call_past ON call (repeats_until);

GRANT SELECT, INSERT, UPDATE, DELETE ON call TO ${user};
