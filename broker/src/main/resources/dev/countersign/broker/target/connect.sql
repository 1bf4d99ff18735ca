-- Lets a role connect to this database; run by `InitTarget` as the database's owner.

DO $connect$
BEGIN
    EXECUTE pg_catalog.format(
        'GRANT CONNECT ON DATABASE %I TO ${role}', pg_catalog.current_database());
END
$connect$;
