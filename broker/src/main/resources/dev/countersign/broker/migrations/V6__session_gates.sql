-- What one client does for one person can be ended as well.
ALTER TABLE revocation_gate
    DROP CONSTRAINT revocation_gate_kind_check,
    ADD CONSTRAINT revocation_gate_kind_check CHECK (kind IN ('SUBJECT', 'CLIENT', 'SESSION', 'TOKEN'));
