-- A minted login could otherwise leave something behind that keeps its role alive. Run by
-- `InitTarget` as the database's owner or a superuser; what the one may not take from PUBLIC is told
-- afterwards.

DO $close$
BEGIN
    EXECUTE pg_catalog.format(
        'REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC', pg_catalog.current_database());
    IF pg_catalog.to_regnamespace('public') IS NOT NULL THEN
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    END IF;
END
$close$;
