-- What schema/sqlite/0002_edges.sql says.
-- contracts: the index is made anew with the channel before the moment; every version has done without the old one.
DROP INDEX message_due;
CREATE INDEX message_due ON message (channel, due) WHERE due IS NOT NULL;
ALTER TABLE message ADD COLUMN leased INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN beside TEXT NOT NULL DEFAULT '';
ALTER TABLE message ADD COLUMN topic TEXT NOT NULL DEFAULT '';
ALTER TABLE message ADD COLUMN confirm_by BIGINT;
CREATE INDEX message_confirm_by ON message (confirm_by) WHERE confirm_by IS NOT NULL;
