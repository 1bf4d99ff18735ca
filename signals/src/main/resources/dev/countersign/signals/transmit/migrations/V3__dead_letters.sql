-- When an operator had a dead event delivered again.
ALTER TABLE delivery ADD COLUMN revived_at timestamptz;

-- For forgetting what every stream is done with.
CREATE INDEX delivery_settled ON delivery (acknowledged_at) WHERE acknowledged_at IS NOT NULL;
CREATE INDEX event_age ON event (accepted_at);

GRANT DELETE ON delivery, event TO ${user};
