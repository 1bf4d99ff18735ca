-- What policies remember, and which policy runs.

-- One row is all that is remembered about one person, client, actor or the tenant; it changes as a whole.
CREATE TABLE history (
  scope   text   PRIMARY KEY,                    -- subject:<key>, client:<id>, actor:<id>, tenant
  version bigint NOT NULL,
  state   text   NOT NULL
) WITH (fillfactor = 50);

-- What grants took from counters, as long as it may be given back.
CREATE TABLE reservation (
  subject     text        NOT NULL,
  jti         text        NOT NULL,
  audience    text        NOT NULL,
  taken       jsonb       NOT NULL,
  next_try_at timestamptz NOT NULL,              -- after the end of the token
  PRIMARY KEY (subject, jti)
);

CREATE INDEX reservation_due ON reservation (next_try_at);

-- Compares and sets: returns nothing if every history still has the version that a decision was based on and the new
-- states are written; else writes nothing and returns what the histories are now. A state that is null is compared only.
-- The scopes come sorted, so that two decisions never wait for each other in a circle.
CREATE FUNCTION reserve(
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
    INSERT INTO ${schema}.reservation (subject, jti, audience, taken, next_try_at)
    VALUES (reserved_for, reserved_by, reserved_at, taken, ends);
  END IF;
END
$$;

CREATE TABLE policy_version (
  version      text        PRIMARY KEY,          -- SHA-256 of the document
  document     text        NOT NULL,
  first_used_at timestamptz NOT NULL
);

-- The policy that all replicas run.
CREATE TABLE policy_in_force (
  only_row     boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
  version      text        NOT NULL REFERENCES policy_version,
  activated_at timestamptz NOT NULL
);

-- What people are to be told because a rule said so.
CREATE TABLE notice (
  id          text        PRIMARY KEY,
  name        text        NOT NULL,              -- who is told, by the name that the policy uses
  body        jsonb       NOT NULL,
  created_at  timestamptz NOT NULL,
  attempts    integer     NOT NULL DEFAULT 0,
  next_try_at timestamptz NOT NULL
);

CREATE INDEX notice_due ON notice (next_try_at);

-- What the rule that asked for the approval demands of it.
ALTER TABLE approval
  ADD COLUMN factors            text,            -- codes separated by blanks; null for any
  ADD COLUMN use_within_seconds integer;

GRANT SELECT, INSERT, UPDATE ON history, policy_version, policy_in_force TO ${user};
GRANT SELECT, INSERT, UPDATE, DELETE ON reservation, notice TO ${user};
GRANT SELECT ON policy_version, policy_in_force TO ${auditor};
GRANT USAGE ON SCHEMA ${schema} TO ${auditor};
