-- The same tables as the embedded store's (schema/sqlite/0001_first.sql says what each is for), led by the customer, so
-- that an engine which spreads rows over machines keeps a customer's together. Ids come from sequences, in blocks: each
-- instance takes 256 at once, so there are gaps, and the order of rows is that of their making within one instance.
-- Moments are milliseconds since 1970 in UTC.

CREATE SEQUENCE customer_id INCREMENT BY 256;
CREATE SEQUENCE evidence_row INCREMENT BY 256;
CREATE SEQUENCE message_row INCREMENT BY 256;
CREATE SEQUENCE rejected_row;
CREATE SEQUENCE finding_row;

-- A batch holds its customers by locking these rows, in the order of their ids.
CREATE TABLE customer (
    id    BIGINT PRIMARY KEY,
    state BYTEA NOT NULL,
    key   BYTEA NOT NULL,
    wake  BIGINT
);
CREATE INDEX customer_wake ON customer (wake) WHERE wake IS NOT NULL;

-- COLLATE "C": compared byte by byte, whatever the database's language.
CREATE TABLE alias (
    alias    TEXT COLLATE "C" PRIMARY KEY,
    customer BIGINT NOT NULL,
    since    BIGINT NOT NULL
);

CREATE TABLE session (
    customer BIGINT NOT NULL,
    session  BIGINT NOT NULL,
    body     BYTEA NOT NULL,
    last     BIGINT NOT NULL,
    PRIMARY KEY (customer, session)
);

CREATE TABLE seen (
    key      BYTEA PRIMARY KEY,
    content  BYTEA NOT NULL,
    customer BIGINT NOT NULL,
    result   BYTEA NOT NULL,
    received BIGINT NOT NULL
);
CREATE INDEX seen_received ON seen (received);

CREATE TABLE evidence (
    customer BIGINT NOT NULL,
    row      BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    previous BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    kind     TEXT NOT NULL,
    body     BYTEA NOT NULL,
    hash     BYTEA NOT NULL,
    PRIMARY KEY (customer, row)
);

CREATE TABLE message (
    customer      BIGINT NOT NULL,
    row           BIGINT NOT NULL,
    id            TEXT COLLATE "C" NOT NULL,
    recipient     TEXT NOT NULL,
    kind          TEXT NOT NULL,
    channel       TEXT COLLATE "C" NOT NULL,
    language      TEXT NOT NULL,
    text          TEXT NOT NULL,
    encoding      TEXT NOT NULL,
    segments      INTEGER NOT NULL,
    template_id   TEXT NOT NULL,
    template_hash TEXT NOT NULL,
    state         TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    due           BIGINT,
    cause         TEXT NOT NULL,
    cap           TEXT NOT NULL,
    stage         INTEGER NOT NULL,
    threshold     INTEGER NOT NULL,
    question      TEXT COLLATE "C" NOT NULL,
    error         TEXT NOT NULL,
    created       BIGINT NOT NULL,
    expires       BIGINT NOT NULL,
    sent          BIGINT,
    delivered     BIGINT,
    PRIMARY KEY (customer, row)
);
CREATE UNIQUE INDEX message_id ON message (id);
CREATE INDEX message_by_row ON message (row);
CREATE INDEX message_due ON message (due) WHERE due IS NOT NULL;
CREATE INDEX message_question ON message (question) WHERE question<>'';
-- What waits of a customer is loaded with what finishes, so that the next becomes due without a question of its own.
CREATE INDEX message_waiting ON message (customer) WHERE state='queued';

CREATE TABLE rejected (
    row      BIGINT PRIMARY KEY,
    at       BIGINT NOT NULL,
    source   TEXT NOT NULL,
    event_id TEXT NOT NULL,
    type     TEXT NOT NULL,
    code     TEXT NOT NULL,
    detail   TEXT NOT NULL,
    errors   TEXT NOT NULL,
    body     BYTEA NOT NULL  -- as it came, which need not be text
);

CREATE TABLE finding (
    row      BIGINT PRIMARY KEY,
    kind     TEXT COLLATE "C" NOT NULL,
    key      TEXT COLLATE "C" NOT NULL,
    customer BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    body     TEXT NOT NULL
);
CREATE UNIQUE INDEX finding_key ON finding (kind, key);
CREATE INDEX finding_customer ON finding (customer);

CREATE TABLE tariff_version (
    number       BIGINT PRIMARY KEY,
    state        TEXT NOT NULL,
    effective_at BIGINT,
    created      BIGINT NOT NULL,
    created_by   TEXT NOT NULL,
    published_by TEXT NOT NULL,
    note         TEXT NOT NULL,
    digest       TEXT NOT NULL
);
CREATE TABLE tariff_file (
    version BIGINT NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (version, name)
);

CREATE TABLE api_key (
    id      TEXT COLLATE "C" PRIMARY KEY,
    role    TEXT NOT NULL,
    name    TEXT NOT NULL,
    hash    BYTEA NOT NULL,
    created BIGINT NOT NULL,
    revoked BIGINT
);

-- Counts the commits of tariff versions and keys, so that the other instances learn of them even where the database has
-- no LISTEN.
CREATE TABLE news (
    id      BIGINT PRIMARY KEY,
    counter BIGINT NOT NULL
);
INSERT INTO news VALUES (1, 0);
