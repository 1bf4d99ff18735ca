-- What one group role needs; run once per group by `InitTarget`. ${group} is a NOLOGIN role.

GRANT ${group} TO ${mint} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;
GRANT USAGE ON SCHEMA countersign TO ${group};
GRANT EXECUTE ON FUNCTION
    countersign.request(),
    countersign.request_jti(),
    countersign.request_text(text),
    countersign.request_amount()
    TO ${group};

DO $connect$
BEGIN
    EXECUTE pg_catalog.format(
        'GRANT CONNECT ON DATABASE %I TO ${group}', pg_catalog.current_database());
END
$connect$;
