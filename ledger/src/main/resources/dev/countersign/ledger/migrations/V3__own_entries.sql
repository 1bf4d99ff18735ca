-- What the calling box itself wrote of one person, newest first: a box tells a person their own calls, and reads
-- nothing that another box wrote.
CREATE FUNCTION own_entries(of_subject text, events text[], most int)
  RETURNS TABLE (writer text, seq bigint, at timestamptz, box text, event text, jti text, person text,
                 data jsonb, sealed bytea, hash bytea, known text, subject text, key bytea)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $own$
  SELECT e.writer, e.seq, e.at, e.box, e.event, e.jti, e.person, e.data, e.sealed, e.hash, p.id, p.subject, p.key
    FROM ledger.person p JOIN ledger.entry e ON e.person = p.id
   WHERE p.subject = of_subject AND e.person <> ''
     AND session_user = 'countersign_' || e.box
     AND e.event = ANY (events)
   ORDER BY e.at DESC, e.writer, e.seq DESC
   LIMIT least(most, 500)
$own$;

REVOKE ALL ON FUNCTION own_entries(text, text[], int) FROM PUBLIC;
