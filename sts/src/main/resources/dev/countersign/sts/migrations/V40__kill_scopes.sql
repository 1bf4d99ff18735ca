-- When a token of a person whose sessions were ended was refused first, and calls that policy blocked.
ALTER TABLE person ADD COLUMN refused_at timestamptz;

CREATE TABLE blocked_call (
  subject text        NOT NULL,
  jti     text        NOT NULL,
  at      timestamptz NOT NULL,
  PRIMARY KEY (subject, jti)
);

CREATE INDEX blocked_call_age ON blocked_call (at);

GRANT SELECT, INSERT, DELETE ON blocked_call TO ${user};
