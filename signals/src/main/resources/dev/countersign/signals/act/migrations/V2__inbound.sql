-- For the limit of each transmitter, and to know our own events when they come back.
CREATE INDEX received_of_issuer ON received (issuer, received_at);
CREATE INDEX received_of_txn ON received (subject, txn);

-- Steps that were given up, for the list of the dead.
CREATE INDEX step_failed ON step (settled_at) WHERE state = 'failed';
