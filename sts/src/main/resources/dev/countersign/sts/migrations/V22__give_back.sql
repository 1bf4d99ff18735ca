-- What unused grants took is given back.

-- One token can have two rows for a moment, when an approval is redeemed twice at once: each is settled alone.
ALTER TABLE reservation
  ADD COLUMN id      uuid NOT NULL DEFAULT gen_random_uuid(),
  ADD COLUMN ends_at timestamptz;
UPDATE reservation SET ends_at = next_try_at;
ALTER TABLE reservation
  ALTER COLUMN ends_at SET NOT NULL,
  DROP CONSTRAINT reservation_pkey,
  ADD PRIMARY KEY (subject, id);

-- The same as before, but a grant is first looked at a minute after its token ended: longer than clocks may differ.
-- Compares and sets: returns nothing if every history still has the version that a decision was based on and the new
-- states are written; else writes nothing and returns what the histories are now. A state that is null is compared only.
-- The scopes come sorted, so that two decisions never wait for each other in a circle.
CREATE OR REPLACE FUNCTION reserve(
  scopes text[], versions bigint[], states text[],
  reserved_for text, reserved_by text, reserved_at text, taken jsonb, ends timestamptz)
RETURNS TABLE (scope text, version bigint, state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO ${schema}.history (scope, version, state)
  SELECT wanted.scope, 0, '{}'
    FROM unnest(scopes, versions) WITH ORDINALITY AS wanted (scope, version, place)
   WHERE wanted.version = 0
   ORDER BY place
      ON CONFLICT DO NOTHING;

  PERFORM 1 FROM ${schema}.history AS h WHERE h.scope = ANY (scopes) ORDER BY h.scope FOR UPDATE;

  IF (SELECT count(*)
        FROM unnest(scopes, versions) AS wanted (scope, version)
        JOIN ${schema}.history AS h ON h.scope = wanted.scope AND h.version = wanted.version)
     < cardinality(scopes)
  THEN
    RETURN QUERY SELECT h.scope, h.version, h.state FROM ${schema}.history AS h WHERE h.scope = ANY (scopes);
    RETURN;
  END IF;

  UPDATE ${schema}.history AS h
     SET version = h.version + 1, state = wanted.state
    FROM unnest(scopes, states) AS wanted (scope, state)
   WHERE h.scope = wanted.scope AND wanted.state IS NOT NULL;

  IF taken IS NOT NULL THEN
    INSERT INTO ${schema}.reservation (subject, jti, audience, taken, ends_at, next_try_at)
    VALUES (reserved_for, reserved_by, reserved_at, taken, ends, ends + interval '1 minute');
  END IF;
END
$$;
