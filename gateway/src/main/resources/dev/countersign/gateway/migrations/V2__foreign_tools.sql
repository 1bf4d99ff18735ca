-- Tools of servers behind the gateway: what was last seen of each, and what an operator approved.
-- A tool may be called while both are the same. Grows with the servers' tools only.
CREATE TABLE foreign_tool (
  server      text        NOT NULL,              -- its name in the configuration
  tool        text        NOT NULL,              -- its own name there
  approved    text,                              -- the definition, JSON; null: not approved
  approved_by text,
  approved_at timestamptz,
  seen        text,                              -- the definition, JSON; null: not listed any more
  seen_digest text,
  seen_at     timestamptz NOT NULL,              -- when it was first seen like this
  PRIMARY KEY (server, tool),
  CHECK ((approved IS NULL) = (approved_by IS NULL)),
  CHECK ((seen IS NULL) = (seen_digest IS NULL))
);

GRANT SELECT, INSERT, UPDATE, DELETE ON foreign_tool TO ${user};
