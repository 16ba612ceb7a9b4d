-- What bench/pgbench.sql needs, made in a copy of a database that the service wrote: whom it is about, and what rows of
-- each kind look like. Ends with one line of JSON, the variables of that script.
CREATE TABLE bench_customer AS
    SELECT row_number() OVER (ORDER BY id) AS n, id, alias
    FROM customer JOIN alias ON alias.customer=customer.id AND alias>='m:' AND alias<'m;';
ALTER TABLE bench_customer ADD PRIMARY KEY (n);

CREATE TABLE bench_event AS
    SELECT row_number() OVER () AS n, body, at
    FROM (SELECT body, at FROM evidence WHERE kind='event' ORDER BY at DESC LIMIT 10000) AS latest;
ALTER TABLE bench_event ADD COLUMN result BYTEA NOT NULL DEFAULT '';
UPDATE bench_event SET result=latest.result
    FROM (SELECT row_number() OVER () AS n, result FROM (SELECT result FROM seen ORDER BY received DESC LIMIT 10000)
        AS newest) AS latest WHERE latest.n=bench_event.n;
ALTER TABLE bench_event ADD PRIMARY KEY (n);

CREATE TABLE bench_session AS
    SELECT row_number() OVER () AS n, body FROM session WHERE last>=(SELECT min(at) FROM bench_event);
ALTER TABLE bench_session ADD PRIMARY KEY (n);
CREATE TABLE bench_message AS
    SELECT row_number() OVER () AS n, message.* FROM message WHERE created>=(SELECT min(at) FROM bench_event);
ALTER TABLE bench_message ADD PRIMARY KEY (n);
CREATE TABLE bench_delivery AS
    SELECT row_number() OVER () AS n, body FROM evidence
    WHERE kind='delivery' AND at>=(SELECT min(at) FROM bench_event);
ALTER TABLE bench_delivery ADD PRIMARY KEY (n);

SELECT setval('evidence_row', (SELECT coalesce(max(row), 0)+100000 FROM (SELECT row FROM evidence UNION ALL
    SELECT row FROM message) AS rows)) \g /dev/null
ALTER SEQUENCE evidence_row INCREMENT BY 1;
VACUUM ANALYZE;

SELECT json_build_object(
    'customers', (SELECT count(*) FROM bench_customer), 'events', (SELECT count(*) FROM bench_event),
    'sessions', (SELECT count(*) FROM bench_session), 'messages', (SELECT count(*) FROM bench_message),
    'deliveries', (SELECT count(*) FROM bench_delivery),
    'session_share', (SELECT 10000*count(*)/(SELECT count(*) FROM bench_event) FROM bench_session),
    'message_share', (SELECT 10000*count(*)/(SELECT count(*) FROM bench_event) FROM bench_message));
