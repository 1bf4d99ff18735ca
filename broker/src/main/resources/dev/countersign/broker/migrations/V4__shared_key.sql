-- Secrets that all replicas share and nobody else needs: nonces for DPoP proofs are made with one.
CREATE TABLE shared_key (
    name text  PRIMARY KEY,
    key  bytea NOT NULL CHECK (length(key) >= 32)
);

GRANT SELECT, INSERT ON shared_key TO ${user};
