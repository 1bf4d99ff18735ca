-- Sessions of Vault clients. What opens one is kept as its digest only.
CREATE TABLE vault_session (
    digest        text        PRIMARY KEY,
    accessor      text        NOT NULL,
    operator      text,
    token_issuer  text,
    token_id      text,
    holder        json        NOT NULL,
    issued_at     timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    longest_until timestamptz NOT NULL,
    CHECK ((operator IS NULL) = (token_id IS NOT NULL)),
    CHECK ((token_issuer IS NULL) = (token_id IS NULL)),
    CHECK (expires_at <= longest_until)
);
CREATE INDEX vault_session_token ON vault_session (token_id);
CREATE INDEX vault_session_expiry ON vault_session (expires_at);

-- Wrapped answers, sealed with their own token. One that was taken stays as a mark until forgotten.
CREATE TABLE wrapped_answer (
    digest       text        PRIMARY KEY,
    sealed       text        NOT NULL,
    path         text        NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    taken_at     timestamptz
);
CREATE INDEX wrapped_answer_expiry ON wrapped_answer (expires_at);

-- Databases and roles that were written over the wire. A password is in `sealed` only.
CREATE TABLE vault_definition (
    kind       text        NOT NULL CHECK (kind IN ('DATABASE', 'ROLE')),
    name       text        NOT NULL,
    document   json        NOT NULL,
    sealed     text        NOT NULL DEFAULT '',
    version    bigint      NOT NULL DEFAULT 1,
    changed_by text        NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (kind, name)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON vault_session, wrapped_answer, vault_definition TO ${user};
GRANT SELECT (accessor, operator, token_issuer, token_id, issued_at, expires_at) ON vault_session
   TO ${auditor};
GRANT SELECT (kind, name, document, version, changed_by, changed_at) ON vault_definition TO ${auditor};
