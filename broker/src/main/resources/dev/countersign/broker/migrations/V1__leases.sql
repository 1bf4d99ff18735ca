-- A lease is written here, and committed, before its login exists in the target database.
-- subject leads every key so that the tables can be distributed by it later.
CREATE TABLE lease (
    subject          text        NOT NULL,
    lease_id         text        NOT NULL,
    role_name        text        NOT NULL,
    database_name    text        NOT NULL,
    database_user    text        NOT NULL,
    presenter        text        NOT NULL,
    token_issuer     text        NOT NULL,
    token_id         text        NOT NULL,
    token_issued_at  timestamptz NOT NULL,
    token_expires_at timestamptz NOT NULL,
    issued_at        timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    active_at        timestamptz,
    ending_at        timestamptz,
    ending_cause     text,
    transaction_id   text,
    ended_at         timestamptz,
    recorded_at      timestamptz,
    attempts         integer     NOT NULL DEFAULT 0,
    next_attempt_at  timestamptz,
    PRIMARY KEY (subject, lease_id),
    CHECK (expires_at > issued_at),
    CHECK ((ending_at IS NULL) = (ending_cause IS NULL)),
    CHECK (ended_at IS NULL OR ending_at IS NOT NULL)
);

-- One on-behalf-of token pays for one lease, whichever replica sees it first.
CREATE UNIQUE INDEX lease_token ON lease (subject, token_issuer, token_id);
CREATE INDEX lease_by_id ON lease (lease_id);
CREATE INDEX lease_by_user ON lease (database_user);
CREATE INDEX lease_open ON lease (expires_at) WHERE recorded_at IS NULL;
CREATE INDEX lease_forgettable ON lease (recorded_at) WHERE recorded_at IS NOT NULL;

-- Tokens of a subject that were issued at or before killed_at open nothing any more.
CREATE TABLE subject_gate (
    subject        text        PRIMARY KEY,
    killed_at      timestamptz NOT NULL,
    transaction_id text        NOT NULL
);

CREATE TABLE used_assertion (
    issuer     text        NOT NULL,
    id         text        NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, id)
);
CREATE INDEX used_assertion_expiry ON used_assertion (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON lease, used_assertion TO ${user};
GRANT SELECT, INSERT, UPDATE ON subject_gate TO ${user};
GRANT SELECT ON lease, subject_gate TO ${auditor};
