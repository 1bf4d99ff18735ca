-- Proofs of possession that were used, for all replicas. A row may go once the proof is too old to be taken.
CREATE TABLE used_proof (
  issuer     text        NOT NULL,              -- what the ids are unique under: the key that signed
  id         text        NOT NULL,              -- digest of the proof's jti
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (issuer, id)
);

CREATE INDEX used_proof_past ON used_proof (expires_at);

GRANT SELECT, INSERT, DELETE ON used_proof TO ${user};
