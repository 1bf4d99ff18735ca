-- Where blocked calls end a person's sessions: the calls that count, for as long as the window is
-- wide, and the events that the transmitter has not taken yet. Both are empty where that is off.
CREATE TABLE blocked_call (
  subject text        NOT NULL,
  jti     text        NOT NULL,
  at      timestamptz NOT NULL,
  PRIMARY KEY (subject, jti)
);
CREATE INDEX blocked_call_at ON blocked_call (at);

CREATE TABLE event_outbox (
  subject     text        NOT NULL,
  txn         text        NOT NULL,               -- the call that was one too many
  event       text        NOT NULL,               -- the body for the ingest, JSON
  next_try_at timestamptz NOT NULL,
  attempts    integer     NOT NULL DEFAULT 0,
  PRIMARY KEY (subject, txn)
);
CREATE INDEX event_outbox_due ON event_outbox (next_try_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON blocked_call, event_outbox TO ${user};
