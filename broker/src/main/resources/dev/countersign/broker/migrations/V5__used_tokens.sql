-- Whether a token was used is asked long after its lease ended.
CREATE INDEX lease_by_token ON lease (token_id, token_issuer);
DROP INDEX lease_open_token;
