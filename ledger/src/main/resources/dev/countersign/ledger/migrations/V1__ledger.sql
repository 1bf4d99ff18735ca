-- The audit ledger: append-only, one hash chain per writer (a running box).
-- ${user} is the list of the boxes' database users: each may add entries of its own box, and nobody
-- but the owner may change or remove one.
CREATE TABLE entry (
  writer  text        NOT NULL,
  seq     bigint      NOT NULL,
  at      timestamptz NOT NULL,
  box     text        NOT NULL,
  event   text        NOT NULL,
  jti     text        NOT NULL,
  subject text        NOT NULL,
  data    jsonb       NOT NULL,
  hash    bytea       NOT NULL,
  PRIMARY KEY (writer, seq)
);
CREATE INDEX entry_by_jti ON entry (jti) WHERE jti <> '';
CREATE INDEX entry_by_time ON entry (at);

ALTER TABLE entry ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_box ON entry FOR INSERT WITH CHECK (current_user = 'countersign_' || box);
CREATE POLICY auditor ON entry FOR SELECT TO countersign_auditor USING (true);

REVOKE ALL ON entry FROM PUBLIC;
GRANT INSERT ON entry TO ${user};
GRANT SELECT ON entry TO countersign_auditor;
GRANT USAGE ON SCHEMA ledger TO ${user}, countersign_auditor;
