-- Step-up: how a code travelled, what limits it, who is at the approval page, and their passkeys.

ALTER TABLE approval
  ADD COLUMN channel text,                            -- the factor whose code was sent last
  ADD COLUMN failure text;                            -- why the last code was not sent

CREATE TABLE approval_address (                       -- while an approval is open
  approval_id text NOT NULL REFERENCES approval,
  factor      text NOT NULL,
  sealed      text NOT NULL,                          -- under a key that is not in the database
  masked      text NOT NULL,
  PRIMARY KEY (approval_id, factor)
);

CREATE TABLE step_up_count (                          -- what is limited by the hour
  subject text        NOT NULL,
  what    text        NOT NULL,                       -- wrong, or sent:<factor>
  at      timestamptz NOT NULL
);

CREATE INDEX step_up_count_of_person ON step_up_count (subject, what, at);

CREATE TABLE page_attempt (                           -- people who left for their identity provider
  state_digest   text        PRIMARY KEY,
  browser_digest text        NOT NULL,
  anchor         text        NOT NULL,
  target         text        NOT NULL,
  number         text,                                -- typed before leaving, where that approves
  nonce          text        NOT NULL,
  verifier       text        NOT NULL,
  started_at     timestamptz NOT NULL,
  approves       boolean     NOT NULL
);

CREATE TABLE page_visit (                             -- people who are at the page
  browser_digest   text        PRIMARY KEY,
  subject          text        NOT NULL,
  name             text        NOT NULL,
  signed_in_at     timestamptz NOT NULL,              -- here
  authenticated_at timestamptz,                       -- at the identity provider
  expires_at       timestamptz NOT NULL
);

CREATE TABLE passkey (
  subject       text        NOT NULL,
  credential_id text        NOT NULL,
  credential    text        NOT NULL,                 -- attested credential data, base64url
  sign_count    bigint      NOT NULL,
  label         text        NOT NULL,
  created_at    timestamptz NOT NULL,
  last_used_at  timestamptz,
  PRIMARY KEY (subject, credential_id),
  UNIQUE (credential_id)
);

GRANT SELECT, INSERT, UPDATE ON passkey TO ${user};
GRANT DELETE ON passkey TO ${user};
GRANT SELECT, INSERT, UPDATE, DELETE ON approval_address, step_up_count, page_attempt, page_visit TO ${user};
