-- Approvals that somebody else than the person who asks must give.

ALTER TABLE approval
  ADD COLUMN approvers   jsonb,                       -- a list of sets, an approver is in each; null: the person who asks
  ADD COLUMN requester   text,                        -- what they call the person who asks
  ADD COLUMN invited_at  timestamptz,                 -- when they were written to
  ADD COLUMN code_for    text,                        -- whom the last code was sent to; null: the person who asks
  ADD COLUMN answered_by text;                        -- the subject key

-- Whoever is killed takes along what they allowed others.
CREATE INDEX approval_given_by_another ON approval (answered_by)
  WHERE answer = 'approved' AND consumed_at IS NULL AND answered_by <> subject;

ALTER TABLE page_visit
  ADD COLUMN memberships jsonb NOT NULL DEFAULT '[]'; -- the groups and roles that the identity provider said
