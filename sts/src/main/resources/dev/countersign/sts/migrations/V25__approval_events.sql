-- Events of more than one kind, and since when an address of a person is known.

ALTER TABLE event_outbox
  ADD COLUMN kind text NOT NULL DEFAULT 'session-revoked',
  DROP CONSTRAINT event_outbox_pkey,
  ADD PRIMARY KEY (subject, txn, kind);

CREATE TABLE delivery_address (                       -- where codes went, or will go
  subject       text        NOT NULL,
  factor        text        NOT NULL,
  digest        text        NOT NULL,                 -- keyed; the address itself is not kept
  first_seen_at timestamptz NOT NULL,
  is_first      boolean     NOT NULL,                 -- the first of this person, used at once
  PRIMARY KEY (subject, factor, digest)
);

GRANT SELECT, INSERT ON delivery_address TO ${user};
