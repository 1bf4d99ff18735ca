-- What a business database needs so that a minted login can do the one approved thing and no other.
-- Run by `InitTarget` in the transaction that made the schema, as countersign_target_owner, who owns
-- all of it and cannot log in; running it again changes nothing. The names in ${…} are plain, quoted
-- identifiers.

REVOKE ALL ON SCHEMA countersign FROM PUBLIC;

-- One row per minted login: the element of authorization_details that was signed, approved and
-- matched. Only the broker writes it.
CREATE TABLE IF NOT EXISTS countersign.approved_request (
    role_name  name        PRIMARY KEY,
    jti        text        NOT NULL,
    request    jsonb       NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
REVOKE ALL ON countersign.approved_request FROM PUBLIC;
GRANT SELECT, INSERT, DELETE, UPDATE (expires_at) ON countersign.approved_request TO ${mint};

-- The functions below are bound when they are created (no name in them is looked up when they run),
-- run as their owner, and go by session_user, which neither SET ROLE nor a function changes.

-- The approved request of this login, or null: none, or its time is over.
CREATE OR REPLACE FUNCTION countersign.request() RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    RETURN (SELECT a.request
              FROM countersign.approved_request a
             WHERE a.role_name = session_user
               AND a.expires_at > pg_catalog.clock_timestamp());

-- The jti of the token that paid for this login, or null.
CREATE OR REPLACE FUNCTION countersign.request_jti() RETURNS text
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    RETURN (SELECT a.jti
              FROM countersign.approved_request a
             WHERE a.role_name = session_user
               AND a.expires_at > pg_catalog.clock_timestamp());

-- One member of the approved request as text, by its path: 'operationDetails.action'. It reads the
-- table itself, as the next one does: one function inside another costs every statement of a login.
CREATE OR REPLACE FUNCTION countersign.request_text(path text) RETURNS text
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    RETURN (SELECT a.request OPERATOR(pg_catalog.#>>) pg_catalog.string_to_array(path, '.')
              FROM countersign.approved_request a
             WHERE a.role_name = session_user
               AND a.expires_at > pg_catalog.clock_timestamp());

-- The approved amount in minor units. Anything but a whole number is an error, never rounded.
CREATE OR REPLACE FUNCTION countersign.request_amount() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    RETURN (SELECT (a.request OPERATOR(pg_catalog.#>>) '{operationDetails,instructedAmount,amount}')::bigint
              FROM countersign.approved_request a
             WHERE a.role_name = session_user
               AND a.expires_at > pg_catalog.clock_timestamp());

-- BEFORE INSERT | UPDATE | DELETE … FOR EACH ROW on a business table: the approved request allows
-- one row, once. A second session waits for the first one's end and is refused if that committed.
-- With a column's name as argument, consume('jti'), it also writes the token's jti into that column.
CREATE OR REPLACE FUNCTION countersign.consume() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $consume$
DECLARE
    paid_by text;
BEGIN
    UPDATE countersign.approved_request
       SET used_at = pg_catalog.clock_timestamp()
     WHERE role_name = session_user
       AND used_at IS NULL
       AND expires_at > pg_catalog.clock_timestamp()
    RETURNING jti INTO paid_by;
    IF NOT FOUND THEN
        IF EXISTS (SELECT FROM countersign.approved_request
                    WHERE role_name = session_user AND used_at IS NOT NULL) THEN
            RAISE EXCEPTION 'the approved request was used before'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RAISE EXCEPTION 'there is no approved request for this login'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF TG_NARGS > 0 THEN
        NEW := pg_catalog.jsonb_populate_record(
            NEW, pg_catalog.jsonb_build_object(TG_ARGV[0], paid_by));
    END IF;
    RETURN NEW;
END
$consume$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA countersign FROM PUBLIC;

GRANT USAGE ON SCHEMA countersign TO ${mint};
