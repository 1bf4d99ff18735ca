-- A notice goes by mail and to a webhook, each until it is through: what one has taken is not sent again for the other.
ALTER TABLE notice
  ADD COLUMN mailed_at timestamptz,
  ADD COLUMN posted_at timestamptz;
