-- Presenter assertions that were used, until they expire.
CREATE TABLE used_assertion (
  issuer     text        NOT NULL,
  id         text        NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (issuer, id)
);
CREATE INDEX used_assertion_expiry ON used_assertion (expires_at);

CREATE TABLE stream (
  stream_id        text        PRIMARY KEY,
  receiver         text        NOT NULL,
  events_requested text[]      NOT NULL,
  events_delivered text[]      NOT NULL,
  description      text        NOT NULL,
  status           text        NOT NULL CHECK (status IN ('enabled', 'paused', 'disabled')),
  status_reason    text        NOT NULL,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  verified_at      timestamptz
);
-- One stream a receiver, so that two replicas that start together share one.
CREATE UNIQUE INDEX stream_of_receiver ON stream (receiver);

CREATE TABLE event (
  subject     text        NOT NULL,
  event_id    text        NOT NULL,
  source      text        NOT NULL,
  txn         text        NOT NULL,
  event_type  text        NOT NULL,
  subject_iss text        NOT NULL,
  sub_id      jsonb       NOT NULL,
  payload     jsonb       NOT NULL,
  accepted_at timestamptz NOT NULL,
  PRIMARY KEY (subject, event_id),
  -- What makes two events from a source the same one.
  UNIQUE (subject, subject_iss, source, txn, event_type)
);

-- One row for each stream that an event goes to; due while neither acknowledged nor rejected.
CREATE TABLE delivery (
  stream_id       text        NOT NULL REFERENCES stream ON DELETE CASCADE,
  subject         text        NOT NULL,
  event_id        text        NOT NULL,
  place           bigint      GENERATED ALWAYS AS IDENTITY,
  deliveries      integer     NOT NULL DEFAULT 0,
  due_at          timestamptz NOT NULL,
  acknowledged_at timestamptz,
  rejected_at     timestamptz,
  rejection       text,
  PRIMARY KEY (stream_id, subject, event_id),
  FOREIGN KEY (subject, event_id) REFERENCES event (subject, event_id)
);
CREATE INDEX delivery_open ON delivery (stream_id, place)
  WHERE acknowledged_at IS NULL AND rejected_at IS NULL;
CREATE INDEX delivery_event ON delivery (stream_id, event_id);

GRANT SELECT, INSERT, DELETE ON used_assertion TO ${user};
GRANT SELECT, INSERT, UPDATE, DELETE ON stream TO ${user};
GRANT SELECT, INSERT ON event TO ${user};
GRANT SELECT, INSERT, UPDATE ON delivery TO ${user};
