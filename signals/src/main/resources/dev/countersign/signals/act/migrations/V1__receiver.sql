-- Every token that was accepted, once.
CREATE TABLE received (
  subject     text        NOT NULL,
  issuer      text        NOT NULL,
  set_id      text        NOT NULL,
  txn         text        NOT NULL,
  event_type  text        NOT NULL,
  event       jsonb       NOT NULL,
  event_at    timestamptz NOT NULL,
  issued_at   timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  noted_at    timestamptz,
  closed_at   timestamptz,
  PRIMARY KEY (subject, issuer, set_id)
);
CREATE INDEX received_open ON received (received_at) WHERE closed_at IS NULL;

-- What each handler does for each token.
CREATE TABLE step (
  subject    text        NOT NULL,
  issuer     text        NOT NULL,
  set_id     text        NOT NULL,
  handler    text        NOT NULL,
  place      bigint      GENERATED ALWAYS AS IDENTITY,
  state      text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'failed')),
  attempts   integer     NOT NULL DEFAULT 0,
  next_at    timestamptz NOT NULL,
  held_until timestamptz,
  outcome    text,
  status     integer,
  settled_at timestamptz,
  PRIMARY KEY (subject, issuer, set_id, handler),
  FOREIGN KEY (subject, issuer, set_id) REFERENCES received (subject, issuer, set_id)
);
CREATE INDEX step_due ON step (handler, next_at) WHERE state = 'pending';
CREATE INDEX step_order ON step (handler, subject, place) WHERE state = 'pending';

GRANT SELECT, INSERT, UPDATE ON received TO ${user};
GRANT SELECT, INSERT, UPDATE ON step TO ${user};
