-- Entries by month, with what is personal sealed under a key of each person, and signed checkpoints
-- over all chains. Entries of the first form had other hashes; they stay readable in entry_first_form.
ALTER TABLE entry RENAME TO entry_first_form;
ALTER INDEX entry_by_jti RENAME TO first_form_by_jti;
ALTER INDEX entry_by_time RENAME TO first_form_by_time;
ALTER INDEX entry_pkey RENAME TO first_form_pkey;
DO $old$
BEGIN
  IF NOT EXISTS (SELECT FROM entry_first_form) THEN
    DROP TABLE entry_first_form;
  END IF;
END
$old$;

-- What the entries call a person, and the key of what is personal. Deleting a row forgets the person.
CREATE TABLE person (
  id      text        PRIMARY KEY CHECK (id ~ '^p_[0-9A-Za-z]{20}$'),
  subject text        NOT NULL UNIQUE,
  key     bytea       NOT NULL CHECK (length(key) = 32),
  made_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE entry (
  writer text        NOT NULL,
  seq    bigint      NOT NULL,
  at     timestamptz NOT NULL,
  box    text        NOT NULL,
  event  text        NOT NULL,
  jti    text        NOT NULL,
  person text        NOT NULL,
  data   jsonb       NOT NULL,
  sealed bytea       NOT NULL,
  hash   bytea       NOT NULL,
  PRIMARY KEY (writer, seq, at)
) PARTITION BY RANGE (at);
-- Nothing is refused for want of a month: what has none waits here.
CREATE TABLE entry_other PARTITION OF entry DEFAULT;

CREATE INDEX entry_by_jti ON entry (jti) WHERE jti <> '';
CREATE INDEX entry_by_time ON entry (at);
CREATE INDEX entry_by_person ON entry (person, at) WHERE person <> '';
CREATE INDEX entry_by_approval ON entry ((data ->> 'approval_id')) WHERE data ? 'approval_id';
CREATE INDEX entry_by_lease ON entry ((data ->> 'lease_id')) WHERE data ? 'lease_id';
CREATE INDEX entry_by_login ON entry ((coalesce(data ->> 'user', data ->> 'login')))
  WHERE coalesce(data ->> 'user', data ->> 'login') IS NOT NULL;

ALTER TABLE entry ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_box ON entry FOR INSERT WITH CHECK (current_user = 'countersign_' || box);
CREATE POLICY auditor ON entry FOR SELECT TO ${user} USING (true);

-- statement: a JWS over number, time, digest of the statement before, and the Merkle root of heads.
CREATE TABLE checkpoint (
  number    bigint      PRIMARY KEY CHECK (number > 0),
  at        timestamptz NOT NULL,
  heads     jsonb       NOT NULL,
  statement text        NOT NULL
);
ALTER TABLE checkpoint ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON checkpoint FOR SELECT TO ${user} USING (true);
CREATE POLICY append ON checkpoint FOR INSERT TO ${user} WITH CHECK (true);

-- Gives each person's name and key, with what is proposed for those who have none yet.
CREATE FUNCTION people(subjects text[], ids text[], keys bytea[])
  RETURNS TABLE (person_id text, person_subject text, person_key bytea)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $people$
BEGIN
  INSERT INTO ledger.person (id, subject, key)
  SELECT proposed.id, proposed.subject, proposed.key
    FROM unnest(subjects, ids, keys) AS proposed (subject, id, key)
   WHERE NOT EXISTS (SELECT FROM ledger.person known WHERE known.subject = proposed.subject)
  ON CONFLICT (subject) DO NOTHING;
  RETURN QUERY SELECT id, subject, key FROM ledger.person WHERE subject = ANY (subjects);
END
$people$;

-- Makes the months from this one on that are missing, as far as nothing of theirs waits elsewhere.
CREATE FUNCTION make_months(ahead int) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $months$
DECLARE
  month date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
  made  int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(4861058);
  FOR step IN 0 .. least(ahead, 24) LOOP
    IF to_regclass('ledger.entry_' || to_char(month, 'YYYY_MM')) IS NULL
       AND NOT EXISTS (SELECT FROM ledger.entry_other
                        WHERE at >= month::timestamp AT TIME ZONE 'UTC'
                          AND at < (month + interval '1 month') AT TIME ZONE 'UTC') THEN
      EXECUTE format('CREATE TABLE ledger.%I PARTITION OF ledger.entry FOR VALUES FROM (%L) TO (%L)',
                     'entry_' || to_char(month, 'YYYY_MM'),
                     month::timestamp AT TIME ZONE 'UTC',
                     (month + interval '1 month') AT TIME ZONE 'UTC');
      made := made + 1;
    END IF;
    month := (month + interval '1 month')::date;
  END LOOP;
  RETURN made;
END
$months$;

REVOKE ALL ON ALL TABLES IN SCHEMA ledger FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT SELECT ON entry, person TO ${user};
GRANT SELECT, INSERT ON checkpoint TO ${user};
GRANT EXECUTE ON FUNCTION make_months(int) TO ${user};
SELECT make_months(3);
