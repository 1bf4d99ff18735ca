-- A revoked token ends what it paid for: the broker is told, as the transmitter is of a kill.

ALTER TABLE event_outbox ADD COLUMN target text NOT NULL DEFAULT 'transmitter';
