-- Each channel has a dispatcher of its own, so what is due is looked for by channel: a dead gateway delays nobody else.
DROP INDEX message_due;
CREATE INDEX message_due ON message (channel, due) WHERE due IS NOT NULL;

-- leased: somebody has claimed the message and may be sending it; `due` is then the end of the lease.
ALTER TABLE message ADD COLUMN leased INTEGER NOT NULL DEFAULT 0;
-- beside: the message this one goes out with, or follows because that one did not arrive.
ALTER TABLE message ADD COLUMN beside TEXT NOT NULL DEFAULT '';
-- topic: of messages to machines, of which only a customer's newest matters; empty where each does.
ALTER TABLE message ADD COLUMN topic TEXT NOT NULL DEFAULT '';
-- confirm_by: an app message nobody has confirmed by then is followed by an SMS; NULL where none is to follow.
ALTER TABLE message ADD COLUMN confirm_by INTEGER;
CREATE INDEX message_confirm_by ON message (confirm_by) WHERE confirm_by IS NOT NULL;

-- Until now a lease was not told from a wait.
UPDATE message SET due=created WHERE due IS NOT NULL AND due>created;
