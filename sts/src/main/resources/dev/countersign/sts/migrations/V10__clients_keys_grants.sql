-- Clients that commands register, signing keys, sessions per client, revoked tokens, and answers
-- that a retry gets again.

CREATE SEQUENCE client_version;

CREATE TABLE client (
  client_id    text        PRIMARY KEY,
  registration jsonb       NOT NULL,                -- secrets in it are slow hashes
  version      bigint      NOT NULL,                -- grows with each change of any client
  changed_at   timestamptz NOT NULL,
  removed_at   timestamptz
);

CREATE INDEX client_changes ON client (version);

CREATE TABLE client_guess (                         -- wrong secrets, per client and source
  client_id text        NOT NULL,
  source    text        NOT NULL,
  since     timestamptz NOT NULL,
  wrong     integer     NOT NULL,
  PRIMARY KEY (client_id, source)
);

CREATE TABLE signing_key (
  kid        text        PRIMARY KEY,
  algorithm  text        NOT NULL,
  public_jwk jsonb       NOT NULL,
  sealed     text,                                  -- the private key under a key that is elsewhere
  created_at timestamptz NOT NULL,
  signs_from timestamptz NOT NULL,                  -- published before
  removed_at timestamptz                            -- published until then
);

CREATE TABLE session (                              -- a person with a client
  subject      text        NOT NULL,
  client_id    text        NOT NULL,
  id           text        NOT NULL,
  started_at   timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  ended_at     timestamptz,                         -- sign-ins up to then are locked out
  ended_by     text,
  PRIMARY KEY (subject, client_id)
);

CREATE TABLE revoked_token (
  jti        text        PRIMARY KEY,
  revoked_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE INDEX revoked_token_age ON revoked_token (expires_at);

CREATE TABLE repeated_answer (                      -- one per Idempotency-Key
  client_id      text        NOT NULL,
  key_digest     text        NOT NULL,              -- the key itself opens `sealed` and is not kept
  request_digest text        NOT NULL,
  claimed_until  timestamptz NOT NULL,
  sealed         text,
  expires_at     timestamptz NOT NULL,
  PRIMARY KEY (client_id, key_digest)
);

CREATE INDEX repeated_answer_age ON repeated_answer (expires_at);

ALTER TABLE approval
  ADD COLUMN polled_at     timestamptz,
  ADD COLUMN poll_interval integer NOT NULL DEFAULT 5,
  ADD COLUMN actor         jsonb;                   -- `act` of the token to come

GRANT SELECT, INSERT, UPDATE ON client, signing_key, session TO ${user};
GRANT SELECT, INSERT, UPDATE, DELETE ON client_guess, revoked_token, repeated_answer TO ${user};
GRANT USAGE ON SEQUENCE client_version TO ${user};
