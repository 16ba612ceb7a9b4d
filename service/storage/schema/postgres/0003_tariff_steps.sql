-- What schema/sqlite/0003_tariff_steps.sql says. Two instances cannot take two steps at once: the number is the key.
ALTER TABLE tariff_version ADD COLUMN base BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tariff_version ADD COLUMN approved_by TEXT NOT NULL DEFAULT '';
ALTER TABLE tariff_version ADD COLUMN approval TEXT NOT NULL DEFAULT '';
ALTER TABLE tariff_version ADD COLUMN approved_at BIGINT;
ALTER TABLE tariff_version ADD COLUMN approved_base BIGINT NOT NULL DEFAULT 0;
CREATE TABLE tariff_audit (
    number  BIGINT PRIMARY KEY,
    at      BIGINT NOT NULL,
    version BIGINT NOT NULL,
    action  TEXT NOT NULL,
    who     TEXT NOT NULL,
    reason  TEXT NOT NULL,
    digest  TEXT NOT NULL,
    detail  TEXT NOT NULL,
    hash    BYTEA NOT NULL
);
