-- The audit ledger: append-only, one hash chain per writer (a running box). Each box's database user
-- may add entries of its own box; nobody but the owner may change or remove one.
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
CREATE POLICY auditor ON entry FOR SELECT TO ${user} USING (true);

REVOKE ALL ON entry FROM PUBLIC;
GRANT SELECT ON entry TO ${user};
