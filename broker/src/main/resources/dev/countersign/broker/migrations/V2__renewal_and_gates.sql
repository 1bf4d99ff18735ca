-- Leases can be renewed, and found by the client that asked for them.
ALTER TABLE lease ADD COLUMN client_id text;
ALTER TABLE lease ADD COLUMN longest_until timestamptz;
ALTER TABLE lease ADD COLUMN renewed_at timestamptz;
UPDATE lease SET client_id = '', longest_until = expires_at;
ALTER TABLE lease ALTER COLUMN client_id SET NOT NULL;
ALTER TABLE lease ALTER COLUMN longest_until SET NOT NULL;
ALTER TABLE lease ADD CHECK (longest_until >= expires_at);

CREATE INDEX lease_open_client ON lease (client_id) WHERE ended_at IS NULL;
CREATE INDEX lease_open_token ON lease (token_id) WHERE ended_at IS NULL;

-- Tokens of a subject or client that were issued at or before closed_at open nothing any more; nor
-- does a token that was closed itself.
CREATE TABLE revocation_gate (
    kind           text        NOT NULL CHECK (kind IN ('SUBJECT', 'CLIENT', 'TOKEN')),
    name           text        NOT NULL,
    closed_at      timestamptz NOT NULL,
    transaction_id text        NOT NULL,
    PRIMARY KEY (name, kind)
);
INSERT INTO revocation_gate (kind, name, closed_at, transaction_id)
SELECT 'SUBJECT', subject, killed_at, transaction_id FROM subject_gate;
DROP TABLE subject_gate;

GRANT SELECT, INSERT, UPDATE, DELETE ON revocation_gate TO ${user};
GRANT SELECT ON revocation_gate TO ${auditor};
