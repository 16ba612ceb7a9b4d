-- The first schema. Clustered by customer where a customer's rows are rewritten, append-only where they are history:
-- docs/decisions/0001-row-layout.md has the figures that chose it.

-- One row a customer, rewritten by every event of theirs. state: MessagePack of protection::CustomerState.
-- key: 32 random bytes that encrypt this customer's evidence; emptied by erasure.
CREATE TABLE customer (
    id     INTEGER PRIMARY KEY,
    state  BLOB NOT NULL,
    key    BLOB NOT NULL,
    wake   INTEGER              -- ms since 1970 when something is due by the clock
) STRICT;
CREATE INDEX customer_wake ON customer (wake) WHERE wake IS NOT NULL;

-- m:+E.164, i:IMSI, c:opaque id. Dated, since a number may be given to somebody else.
CREATE TABLE alias (
    alias    TEXT PRIMARY KEY,
    customer INTEGER NOT NULL,
    since    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Segments of sessions (3GPP TS 32.291 charging sessions, or whatever the sender calls one), led by the customer.
CREATE TABLE session (
    customer INTEGER NOT NULL,
    session  INTEGER NOT NULL,  -- 63 bits of SHA-256 over the session's name
    body     BLOB NOT NULL,
    last     INTEGER NOT NULL,
    PRIMARY KEY (customer, session)
) STRICT, WITHOUT ROWID;

-- Events already taken: SHA-256 over source and id (CloudEvents 1.0), and over the content.
CREATE TABLE seen (
    key      BLOB PRIMARY KEY,
    content  BLOB NOT NULL,
    customer INTEGER NOT NULL,
    result   BLOB NOT NULL,
    received INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_received ON seen (received);  -- inserted in order of time; retention would scan the tree without it

-- Append-only. A customer's entries are a list linked backwards by `previous`; the customer's state holds its end.
CREATE TABLE evidence (
    row      INTEGER PRIMARY KEY,
    customer INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    body     BLOB NOT NULL,
    hash     BLOB NOT NULL
) STRICT;

-- The outbox. due: when it may be claimed; NULL while another message of the same customer and channel is before it,
-- and once finished.
CREATE TABLE message (
    row           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    customer      INTEGER NOT NULL,
    recipient     TEXT NOT NULL,
    kind          TEXT NOT NULL,
    channel       TEXT NOT NULL,
    language      TEXT NOT NULL,
    text          TEXT NOT NULL,
    encoding      TEXT NOT NULL,
    segments      INTEGER NOT NULL,
    template_id   TEXT NOT NULL,
    template_hash TEXT NOT NULL,
    state         TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    due           INTEGER,
    cause         TEXT NOT NULL,
    cap           TEXT NOT NULL,
    stage         INTEGER NOT NULL,
    threshold     INTEGER NOT NULL,
    question      TEXT NOT NULL,
    error         TEXT NOT NULL,
    created       INTEGER NOT NULL,
    expires       INTEGER NOT NULL,
    sent          INTEGER,
    delivered     INTEGER
) STRICT;
CREATE INDEX message_due ON message (due) WHERE due IS NOT NULL;
CREATE INDEX message_customer ON message (customer, row);
CREATE INDEX message_question ON message (question) WHERE question<>'';

CREATE TABLE rejected (
    row      INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    source   TEXT NOT NULL,
    event_id TEXT NOT NULL,
    type     TEXT NOT NULL,
    code     TEXT NOT NULL,
    detail   TEXT NOT NULL,
    errors   TEXT NOT NULL,
    body     TEXT NOT NULL
) STRICT;

CREATE TABLE finding (
    row      INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL,
    key      TEXT NOT NULL,
    customer INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    body     TEXT NOT NULL,
    UNIQUE (kind, key)
) STRICT;
CREATE INDEX finding_customer ON finding (customer);

CREATE TABLE tariff_version (
    number       INTEGER PRIMARY KEY,
    state        TEXT NOT NULL,
    effective_at INTEGER,
    created      INTEGER NOT NULL,
    created_by   TEXT NOT NULL,
    published_by TEXT NOT NULL,
    note         TEXT NOT NULL,
    digest       TEXT NOT NULL
) STRICT;
CREATE TABLE tariff_file (
    version INTEGER NOT NULL,
    name    TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (version, name)
) STRICT;

CREATE TABLE api_key (
    id      TEXT PRIMARY KEY,
    role    TEXT NOT NULL,
    name    TEXT NOT NULL,
    hash    BLOB NOT NULL,
    created INTEGER NOT NULL,
    revoked INTEGER
) STRICT, WITHOUT ROWID;
