-- Sessions of clients of the older revisions that can lead a person to an approval. Whoever has a
-- session's id has nothing: each request needs the token of the same person and client as well.
CREATE TABLE mcp_session (
  id_digest   text        NOT NULL PRIMARY KEY,  -- SHA-256 of the id
  subject     text        NOT NULL,
  client      text        NOT NULL,              -- who calls for the person
  way         text        NOT NULL CHECK (way IN ('PAGE', 'FORM')),
  log_level   text,                              -- null: nothing is logged to it
  declined    text,                              -- the question that the person last declined
  used_at     timestamptz NOT NULL,
  ends_at     timestamptz NOT NULL
);

CREATE INDEX mcp_session_of ON mcp_session (subject, used_at);
CREATE INDEX mcp_session_past ON mcp_session (used_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON mcp_session TO ${user};
