-- base: the version in force when a draft was uploaded; approved_base: when it was approved. A draft that was compared
-- with another version than the one in force is stale.
ALTER TABLE tariff_version ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tariff_version ADD COLUMN approved_by TEXT NOT NULL DEFAULT '';
ALTER TABLE tariff_version ADD COLUMN approval TEXT NOT NULL DEFAULT '';
ALTER TABLE tariff_version ADD COLUMN approved_at INTEGER;
ALTER TABLE tariff_version ADD COLUMN approved_base INTEGER NOT NULL DEFAULT 0;

-- Every step of the tariff work, committed with the step. hash: SHA-256 over the hash before and this row.
CREATE TABLE tariff_audit (
    number  INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    version INTEGER NOT NULL,
    action  TEXT NOT NULL,
    who     TEXT NOT NULL,
    reason  TEXT NOT NULL,
    digest  TEXT NOT NULL,
    detail  TEXT NOT NULL,
    hash    BLOB NOT NULL
) STRICT;
CREATE TRIGGER tariff_audit_is_kept BEFORE DELETE ON tariff_audit
BEGIN SELECT RAISE(ABORT, 'a step of the tariff work is never taken away'); END;
CREATE TRIGGER tariff_audit_stands BEFORE UPDATE ON tariff_audit
BEGIN SELECT RAISE(ABORT, 'a step of the tariff work is never changed'); END;
