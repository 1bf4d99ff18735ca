-- The token service's state. The subject key leads in what grows with people.

CREATE TABLE person (
  subject       text        PRIMARY KEY,
  closed_at     timestamptz,                     -- sign-ins up to then are locked out
  closed_by_txn text,
  closed_reason text,
  prompts_since timestamptz,                     -- start of the hour in which prompts are counted
  prompts       integer     NOT NULL DEFAULT 0
);

CREATE TABLE approval (
  id              text        PRIMARY KEY,
  open_key        text        UNIQUE,            -- set while a repeat of the request finds this one
  jti             text        NOT NULL,
  subject         text        NOT NULL REFERENCES person,
  person          jsonb       NOT NULL,          -- what the subject token said, for the second leg
  client_id       text        NOT NULL,
  agent           text        NOT NULL,
  audience        text        NOT NULL,
  scope           text        NOT NULL,
  details         jsonb       NOT NULL,
  details_digest  text        NOT NULL,
  policy_version  text        NOT NULL,
  lines           jsonb       NOT NULL,          -- the request in words
  sent_to         text        NOT NULL,          -- masked
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  send_claimed_at timestamptz,
  sent_at         timestamptz,
  code_salt       text,
  code_digest     text,                          -- keyed; the key is not in the database
  tries           integer     NOT NULL DEFAULT 0,
  answer          text CHECK (answer IN ('approved', 'denied', 'suspicious', 'failed', 'cancelled')),
  answered_at     timestamptz,
  consumed_at     timestamptz,
  CHECK ((answer IS NULL) = (answered_at IS NULL)),
  CHECK (consumed_at IS NULL OR answer = 'approved')
);

CREATE INDEX approval_of_person ON approval (subject, created_at);

CREATE TABLE strike (
  subject     text        NOT NULL,
  approval_id text        NOT NULL,
  at          timestamptz NOT NULL,
  PRIMARY KEY (subject, approval_id)
);

CREATE TABLE used_assertion (
  issuer     text        NOT NULL,
  id         text        NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (issuer, id)
);

CREATE INDEX used_assertion_age ON used_assertion (expires_at);

CREATE TABLE event_outbox (
  subject      text        NOT NULL,
  txn          text        NOT NULL,
  event        jsonb       NOT NULL,
  created_at   timestamptz NOT NULL,
  attempts     integer     NOT NULL DEFAULT 0,
  next_try_at  timestamptz NOT NULL,
  delivered_at timestamptz,
  PRIMARY KEY (subject, txn)
);

CREATE INDEX event_outbox_due ON event_outbox (next_try_at) WHERE delivered_at IS NULL;

CREATE TABLE attribute (
  subject text        NOT NULL,
  name    text        NOT NULL,
  value   jsonb       NOT NULL,
  source  text        NOT NULL,
  at      timestamptz NOT NULL,
  PRIMARY KEY (subject, name)
);

GRANT SELECT, INSERT, UPDATE ON person, approval, event_outbox, attribute TO ${user};
GRANT SELECT, INSERT, DELETE ON strike, used_assertion TO ${user};
