-- Attributes can be deleted, and imported in bulk.

GRANT DELETE ON attribute TO ${user};

-- Where an import puts its lines before it knows that all of them are good. What is in here never counts, and no crash
-- is worth a log record.
CREATE UNLOGGED TABLE attribute_import (
  line    bigint NOT NULL,
  subject text   NOT NULL,
  name    text   NOT NULL,
  value   jsonb  NOT NULL
);

GRANT SELECT, INSERT, DELETE ON attribute_import TO ${user};
