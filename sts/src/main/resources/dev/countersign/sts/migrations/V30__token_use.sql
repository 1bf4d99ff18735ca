-- How often one client exchanged one subject token.

CREATE TABLE token_use (
  id         text        PRIMARY KEY,              -- digest of client, issuer and the token's jti
  minute     bigint      NOT NULL,                 -- since 1970
  in_minute  integer     NOT NULL,
  in_all     integer     NOT NULL,
  expires_at timestamptz NOT NULL                  -- of the token: then nobody can exchange it
) WITH (fillfactor = 70);                          -- counting changes no index

CREATE INDEX token_use_age ON token_use (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON token_use TO ${user};
