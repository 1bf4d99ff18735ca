-- The test tenant of `countersign prove`: a table of its own, held to the approved request as every
-- other, and one that no login may read. Nothing here is about a customer.
--
-- Run it as a superuser or the database's owner, after `countersign init-db` has installed the
-- schema countersign. Running it again changes nothing.

DO $roles$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['prove_owner', 'prove_write'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
    IF NOT pg_catalog.pg_has_role(CURRENT_USER, 'prove_owner', 'USAGE') THEN
        GRANT prove_owner TO CURRENT_USER;
    END IF;
END
$roles$;

CREATE SCHEMA IF NOT EXISTS prove AUTHORIZATION prove_owner;
REVOKE ALL ON SCHEMA prove FROM PUBLIC;

CREATE TABLE IF NOT EXISTS prove.writes (
    write_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thing    text   NOT NULL,
    amount   bigint NOT NULL CHECK (amount > 0),
    jti      text   NOT NULL UNIQUE DEFAULT countersign.request_jti(),
    made_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What nobody was granted.
CREATE TABLE IF NOT EXISTS prove.treasure (
    treasure_id bigint PRIMARY KEY,
    content     text NOT NULL
);
INSERT INTO prove.treasure VALUES (1, 'nobody reads this') ON CONFLICT DO NOTHING;

ALTER TABLE prove.writes OWNER TO prove_owner;
ALTER TABLE prove.treasure OWNER TO prove_owner;

CREATE OR REPLACE TRIGGER a_consume_request
    BEFORE INSERT OR UPDATE OR DELETE ON prove.writes
    FOR EACH ROW EXECUTE FUNCTION countersign.consume('', 'urn:countersign:prove', 'write');

REVOKE ALL ON ALL TABLES IN SCHEMA prove FROM PUBLIC;
GRANT USAGE ON SCHEMA prove TO prove_write;
GRANT SELECT (write_id, thing, amount, made_at) ON prove.writes TO prove_write;
GRANT INSERT (thing, amount) ON prove.writes TO prove_write;

ALTER TABLE prove.writes ENABLE ROW LEVEL SECURITY;
ALTER TABLE prove.writes FORCE ROW LEVEL SECURITY;
ALTER TABLE prove.treasure ENABLE ROW LEVEL SECURITY;
ALTER TABLE prove.treasure FORCE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS own_write ON prove.writes;
CREATE POLICY own_write ON prove.writes FOR SELECT TO prove_write
    USING (jti = (SELECT countersign.request_jti()));

DROP POLICY IF EXISTS the_approved_write ON prove.writes;
CREATE POLICY the_approved_write ON prove.writes FOR INSERT TO prove_write
    WITH CHECK (
        thing = (SELECT countersign.request_text(
            'operationDetails.thing', 'urn:countersign:prove', 'write'))
        AND amount = (SELECT countersign.request_text(
            'operationDetails.amount', 'urn:countersign:prove', 'write'))::bigint
        AND jti = (SELECT countersign.request_jti()));
