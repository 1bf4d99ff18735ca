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
-- Which elements of a token with several were used, by their place from 1 on.
ALTER TABLE countersign.approved_request
    ADD COLUMN IF NOT EXISTS used_elements bigint[] NOT NULL DEFAULT '{}';

-- The elements that this login was minted for, one row each. For consume() only.
CREATE OR REPLACE VIEW countersign.approved_element AS
    SELECT e.element, e.place
      FROM countersign.approved_request a
     CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(
               CASE pg_catalog.jsonb_typeof(a.request)
                   WHEN 'array' THEN a.request
                   ELSE pg_catalog.jsonb_build_array(a.request)
               END) WITH ORDINALITY AS e (element, place)
     WHERE a.role_name = session_user
       AND a.expires_at > pg_catalog.clock_timestamp();
REVOKE ALL ON countersign.approved_element FROM PUBLIC;

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

-- The same for a token with one element or several: the one of this type, or of this type and
-- operationDetails.action. Null where none is, or more than one: nobody guesses which was meant. (A
-- path in lax mode takes a single object for a list of one.)
CREATE OR REPLACE FUNCTION countersign.request_of(type text) RETURNS jsonb
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    RETURN (SELECT CASE pg_catalog.jsonb_array_length(f.found) WHEN 1 THEN f.found OPERATOR(pg_catalog.->) 0 END
              FROM (SELECT pg_catalog.jsonb_path_query_array(
                           a.request,
                           '$[*] ? (@.type == $type)',
                           pg_catalog.jsonb_build_object('type', type)) AS found
                      FROM countersign.approved_request a
                     WHERE a.role_name = session_user
                       AND a.expires_at > pg_catalog.clock_timestamp()) f);

CREATE OR REPLACE FUNCTION countersign.request_of(type text, action text) RETURNS jsonb
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    RETURN (SELECT CASE pg_catalog.jsonb_array_length(f.found) WHEN 1 THEN f.found OPERATOR(pg_catalog.->) 0 END
              FROM (SELECT pg_catalog.jsonb_path_query_array(
                           a.request,
                           '$[*] ? (@.type == $type && @.operationDetails.action == $action)',
                           pg_catalog.jsonb_build_object('type', type, 'action', action)) AS found
                      FROM countersign.approved_request a
                     WHERE a.role_name = session_user
                       AND a.expires_at > pg_catalog.clock_timestamp()) f);

CREATE OR REPLACE FUNCTION countersign.request_text(path text, type text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    RETURN (SELECT CASE pg_catalog.jsonb_array_length(f.found) WHEN 1 THEN (f.found OPERATOR(pg_catalog.->) 0)
                   OPERATOR(pg_catalog.#>>) pg_catalog.string_to_array(path, '.') END
              FROM (SELECT pg_catalog.jsonb_path_query_array(
                           a.request,
                           '$[*] ? (@.type == $type)',
                           pg_catalog.jsonb_build_object('type', type)) AS found
                      FROM countersign.approved_request a
                     WHERE a.role_name = session_user
                       AND a.expires_at > pg_catalog.clock_timestamp()) f);

CREATE OR REPLACE FUNCTION countersign.request_text(path text, type text, action text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    RETURN (SELECT CASE pg_catalog.jsonb_array_length(f.found) WHEN 1 THEN (f.found OPERATOR(pg_catalog.->) 0)
                   OPERATOR(pg_catalog.#>>) pg_catalog.string_to_array(path, '.') END
              FROM (SELECT pg_catalog.jsonb_path_query_array(
                           a.request,
                           '$[*] ? (@.type == $type && @.operationDetails.action == $action)',
                           pg_catalog.jsonb_build_object('type', type, 'action', action)) AS found
                      FROM countersign.approved_request a
                     WHERE a.role_name = session_user
                       AND a.expires_at > pg_catalog.clock_timestamp()) f);

CREATE OR REPLACE FUNCTION countersign.request_amount(type text) RETURNS bigint
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    RETURN (SELECT CASE pg_catalog.jsonb_array_length(f.found) WHEN 1 THEN (f.found
                   OPERATOR(pg_catalog.#>>) '{0,operationDetails,instructedAmount,amount}')::bigint END
              FROM (SELECT pg_catalog.jsonb_path_query_array(
                           a.request,
                           '$[*] ? (@.type == $type)',
                           pg_catalog.jsonb_build_object('type', type)) AS found
                      FROM countersign.approved_request a
                     WHERE a.role_name = session_user
                       AND a.expires_at > pg_catalog.clock_timestamp()) f);

CREATE OR REPLACE FUNCTION countersign.request_amount(type text, action text) RETURNS bigint
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    RETURN (SELECT CASE pg_catalog.jsonb_array_length(f.found) WHEN 1 THEN (f.found
                   OPERATOR(pg_catalog.#>>) '{0,operationDetails,instructedAmount,amount}')::bigint END
              FROM (SELECT pg_catalog.jsonb_path_query_array(
                           a.request,
                           '$[*] ? (@.type == $type && @.operationDetails.action == $action)',
                           pg_catalog.jsonb_build_object('type', type, 'action', action)) AS found
                      FROM countersign.approved_request a
                     WHERE a.role_name = session_user
                       AND a.expires_at > pg_catalog.clock_timestamp()) f);

-- BEFORE INSERT | UPDATE | DELETE … FOR EACH ROW on a business table: the approved request allows
-- one row, once. A second session waits for the first one's end and is refused if that committed.
-- With a column's name as argument, consume('jti'), it also writes the token's jti into that column;
-- '' is no column. With a type, or a type and an action, after it, the row uses up the one element of
-- that kind and leaves the token's others; without, the row uses up all of them.
CREATE OR REPLACE FUNCTION countersign.consume() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $consume$
DECLARE
    paid_by text;
    used    bigint;
BEGIN
    IF TG_NARGS > 1 THEN
        SELECT (pg_catalog.array_agg(e.place))[1]
          INTO used
          FROM countersign.approved_element e
         WHERE e.element ->> 'type' = TG_ARGV[1]
           AND (TG_NARGS = 2 OR e.element #>> '{operationDetails,action}' = TG_ARGV[2])
        HAVING pg_catalog.count(*) = 1;
        UPDATE countersign.approved_request
           SET used_elements = pg_catalog.array_append(used_elements, used)
         WHERE role_name = session_user
           AND used IS NOT NULL
           AND used_at IS NULL
           AND used <> ALL (used_elements)
           AND expires_at > pg_catalog.clock_timestamp()
        RETURNING jti INTO paid_by;
    ELSE
        UPDATE countersign.approved_request
           SET used_at = pg_catalog.clock_timestamp()
         WHERE role_name = session_user
           AND used_at IS NULL
           AND used_elements = '{}'
           AND expires_at > pg_catalog.clock_timestamp()
        RETURNING jti INTO paid_by;
    END IF;
    IF NOT FOUND THEN
        IF EXISTS (SELECT FROM countersign.approved_request
                    WHERE role_name = session_user
                      AND (used_at IS NOT NULL
                           OR used = ANY (used_elements)
                           OR TG_NARGS < 2 AND used_elements <> '{}')) THEN
            RAISE EXCEPTION 'the approved request was used before'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RAISE EXCEPTION 'there is no approved request for this login'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF TG_NARGS > 0 AND TG_ARGV[0] <> '' THEN
        NEW := pg_catalog.jsonb_populate_record(
            NEW, pg_catalog.jsonb_build_object(TG_ARGV[0], paid_by));
    END IF;
    RETURN NEW;
END
$consume$;

-- Ends the connections of a login that nobody can open new ones for, and waits for their end. A caller
-- who just closed its own mostly needs a moment only; what stays is ended, for which the broker's login
-- makes itself a member: the right to end a role's connections comes with that. It may do what its
-- caller may. The wait that pg_terminate_backend offers looks only ten times a second.
CREATE OR REPLACE FUNCTION countersign.end_connections(login regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $end$
DECLARE
    begun  timestamptz := pg_catalog.clock_timestamp();
    past   interval;
    member boolean := false;
BEGIN
    LOOP
        PERFORM FROM pg_catalog.pg_stat_get_activity(NULL) a WHERE a.usesysid = login;
        EXIT WHEN NOT FOUND;
        past := pg_catalog.clock_timestamp() - begun;
        IF past > '5 seconds' THEN
            RAISE EXCEPTION 'a connection of the login did not end in time';
        ELSIF past > '3 milliseconds' THEN
            IF NOT member THEN
                EXECUTE pg_catalog.format('GRANT %s TO CURRENT_USER', login)
                    || CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
                            THEN ' WITH INHERIT TRUE, SET FALSE' ELSE '' END;
                member := true;
            END IF;
            PERFORM pg_catalog.pg_terminate_backend(a.pid)
               FROM pg_catalog.pg_stat_get_activity(NULL) a
              WHERE a.usesysid = login;
        END IF;
        -- Most are gone within half a millisecond; a sleep takes one at least.
        IF past > '50 milliseconds' THEN
            PERFORM pg_catalog.pg_sleep(0.02);
        ELSIF past > '500 microseconds' THEN
            PERFORM pg_catalog.pg_sleep(0.001);
        END IF;
        PERFORM pg_catalog.pg_stat_clear_snapshot();
    END LOOP;
END
$end$;

-- All of a revocation, where nobody is in the way: nobody can log in any more, committed, though not
-- on disk yet; connections ended, or an error; then the role gone, on disk. If anything fails, nothing
-- after it happens. It may do what its caller may, and commits, so it can hold no settings of its own.
CREATE OR REPLACE PROCEDURE countersign.end_login(login name)
    LANGUAGE plpgsql
AS $end$
BEGIN
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true),
            pg_catalog.set_config('lock_timeout', '500', true);
    EXECUTE pg_catalog.format('ALTER ROLE %I NOLOGIN CONNECTION LIMIT 0', login);
    COMMIT;
    PERFORM countersign.end_connections(pg_catalog.format('%I', login)::pg_catalog.regrole);
    COMMIT;
    PERFORM pg_catalog.set_config('lock_timeout', '3000', true);
    DELETE FROM countersign.approved_request a WHERE a.role_name OPERATOR(pg_catalog.=) login;
    EXECUTE pg_catalog.format('DROP ROLE %I', login);
END
$end$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA countersign FROM PUBLIC;

GRANT USAGE ON SCHEMA countersign TO ${mint};
GRANT EXECUTE ON FUNCTION countersign.end_connections(regrole) TO ${mint};
REVOKE ALL ON PROCEDURE countersign.end_login(name) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE countersign.end_login(name) TO ${mint};
