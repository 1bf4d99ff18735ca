-- The refunds example: the business tables, and the rules that make a minted login able to do
-- exactly the one request it was minted for.
--
-- Run it as a superuser or the database's owner, after `countersign init-db` has installed the
-- schema countersign. Running it again changes nothing.

-- ---------------------------------------------------------------------------------------- roles

-- Nobody logs in as any of these. refunds_owner owns the tables; a minted login is a member of one
-- of the other two for its few minutes.
DO $roles$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['refunds_owner', 'refunds_read', 'refunds_write'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
    -- A database's owner who is no superuser hands its tables to a role that it is a member of.
    IF NOT pg_catalog.pg_has_role(CURRENT_USER, 'refunds_owner', 'USAGE') THEN
        GRANT refunds_owner TO CURRENT_USER;
    END IF;
END
$roles$;

-- --------------------------------------------------------------------------------------- tables

CREATE SCHEMA IF NOT EXISTS refunds AUTHORIZATION refunds_owner;
REVOKE ALL ON SCHEMA refunds FROM PUBLIC;

-- Amounts are whole minor units: 8000 is 80.00.
CREATE TABLE IF NOT EXISTS refunds.customers (
    customer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL,
    email       text NOT NULL UNIQUE,
    phone       text NOT NULL,
    address     text NOT NULL
);

CREATE TABLE IF NOT EXISTS refunds.cases (
    case_id        text   PRIMARY KEY CHECK (case_id ~ '^R-[0-9]{3}-[0-9]{4}$'),
    customer_id    bigint NOT NULL REFERENCES refunds.customers,
    customer       text   NOT NULL,
    product        text   NOT NULL,
    currency       text   NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    paid           bigint NOT NULL CHECK (paid > 0),
    refunded       bigint NOT NULL DEFAULT 0,
    status         text   NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'refunded', 'closed')),
    representative text   NOT NULL,
    opened_at      timestamptz NOT NULL,
    UNIQUE (case_id, currency),
    CONSTRAINT no_more_than_was_paid CHECK (refunded BETWEEN 0 AND paid)
);
CREATE INDEX IF NOT EXISTS cases_latest ON refunds.cases (opened_at DESC);

-- jti leads from each row to the decision, the approval and the person behind it.
CREATE TABLE IF NOT EXISTS refunds.refunds (
    refund_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id   text   NOT NULL,
    amount    bigint NOT NULL CHECK (amount > 0),
    currency  text   NOT NULL,
    jti       text   NOT NULL UNIQUE DEFAULT countersign.request_jti(),
    made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (case_id, currency) REFERENCES refunds.cases (case_id, currency)
);

-- A refund adds up in its case; the case's own check refuses more than was paid.
CREATE OR REPLACE FUNCTION refunds.add_to_case() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $add$
BEGIN
    UPDATE refunds.cases
       SET refunded = refunded + NEW.amount,
           status = CASE WHEN refunded + NEW.amount = paid THEN 'refunded' ELSE status END
     WHERE case_id = NEW.case_id;
    RETURN NULL;
END
$add$;

-- The twenty latest cases: what "list the cases" may show, whatever statement asks for it.
CREATE OR REPLACE FUNCTION refunds.latest_cases() RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $latest$
    SELECT c.case_id FROM refunds.cases c ORDER BY c.opened_at DESC, c.case_id LIMIT 20
$latest$;

ALTER TABLE refunds.customers OWNER TO refunds_owner;
ALTER TABLE refunds.cases OWNER TO refunds_owner;
ALTER TABLE refunds.refunds OWNER TO refunds_owner;
ALTER FUNCTION refunds.add_to_case() OWNER TO refunds_owner;
ALTER FUNCTION refunds.latest_cases() OWNER TO refunds_owner;

-- Triggers run by name: a second refund is refused before anything else happens.
CREATE OR REPLACE TRIGGER a_consume_request
    BEFORE INSERT OR UPDATE OR DELETE ON refunds.refunds
    FOR EACH ROW EXECUTE FUNCTION countersign.consume('', 'urn:smt:agent:refund', 'process_refund');
CREATE OR REPLACE TRIGGER b_add_to_case
    AFTER INSERT ON refunds.refunds
    FOR EACH ROW EXECUTE FUNCTION refunds.add_to_case();

-- --------------------------------------------------------------------------------------- rights

-- Nothing on refunds.customers, for anybody: an export has no login that could run it.
REVOKE ALL ON ALL TABLES IN SCHEMA refunds FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA refunds FROM PUBLIC;
GRANT USAGE ON SCHEMA refunds TO refunds_read, refunds_write;
GRANT EXECUTE ON FUNCTION refunds.latest_cases() TO refunds_read;

GRANT SELECT (case_id, customer, product, currency, paid, refunded, status, representative,
              opened_at)
   ON refunds.cases TO refunds_read, refunds_write;
GRANT SELECT (refund_id, case_id, amount, currency, made_at) ON refunds.refunds TO refunds_write;
GRANT INSERT (case_id, amount, currency) ON refunds.refunds TO refunds_write;

-- ----------------------------------------------------------------------------- row-level security

ALTER TABLE refunds.customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE refunds.customers FORCE ROW LEVEL SECURITY;
ALTER TABLE refunds.cases ENABLE ROW LEVEL SECURITY;
ALTER TABLE refunds.cases FORCE ROW LEVEL SECURITY;
ALTER TABLE refunds.refunds ENABLE ROW LEVEL SECURITY;
ALTER TABLE refunds.refunds FORCE ROW LEVEL SECURITY;

-- Each `(SELECT countersign…)` is evaluated once per statement, not once per row. It names the kind of
-- request that it is about, so it is null, and lets no row through, for a token without one.

DROP POLICY IF EXISTS owner_keeps_the_sums ON refunds.cases;
CREATE POLICY owner_keeps_the_sums ON refunds.cases TO refunds_owner
    USING (true) WITH CHECK (true);

DROP POLICY IF EXISTS find_case ON refunds.cases;
CREATE POLICY find_case ON refunds.cases FOR SELECT TO refunds_read
    USING (case_id = (SELECT countersign.request_text(
        'operationDetails.caseId', 'urn:smt:agent:case', 'find_case')));

DROP POLICY IF EXISTS list_cases ON refunds.cases;
CREATE POLICY list_cases ON refunds.cases FOR SELECT TO refunds_read
    USING ((SELECT countersign.request_of('urn:smt:agent:case', 'list_cases')) IS NOT NULL
           AND case_id IN (SELECT refunds.latest_cases()));

DROP POLICY IF EXISTS case_of_the_refund ON refunds.cases;
CREATE POLICY case_of_the_refund ON refunds.cases FOR SELECT TO refunds_write
    USING (case_id = (SELECT countersign.request_text(
        'operationDetails.creditorAccount.identification', 'urn:smt:agent:refund')));

DROP POLICY IF EXISTS own_refund ON refunds.refunds;
CREATE POLICY own_refund ON refunds.refunds FOR SELECT TO refunds_write
    USING (jti = (SELECT countersign.request_jti()));

-- The effect must equal the approval in every member that matters; consume() adds: once.
DROP POLICY IF EXISTS the_approved_refund ON refunds.refunds;
CREATE POLICY the_approved_refund ON refunds.refunds FOR INSERT TO refunds_write
    WITH CHECK (
        case_id = (SELECT countersign.request_text(
            'operationDetails.creditorAccount.identification',
            'urn:smt:agent:refund', 'process_refund'))
        AND amount = (SELECT countersign.request_amount('urn:smt:agent:refund', 'process_refund'))
        AND currency = (SELECT countersign.request_text(
            'operationDetails.instructedAmount.currency',
            'urn:smt:agent:refund', 'process_refund'))
        AND jti = (SELECT countersign.request_jti()));
