-- One batch of the service as pgbench writes it: the same rows of the same sizes in the same tables, in as many round
-- trips, and nothing else. The server itself makes the random bytes, and copies the bodies from what the service wrote
-- (bench/pgbench_prepare.sql). Variables: batch, and what the preparation says; shares are per ten thousand events.
\set salt random(1, 1000000000)
SELECT array_agg(id)::text AS ids, array_agg(alias)::text AS aliases FROM (SELECT id, alias FROM bench_customer
    WHERE n IN (SELECT 1+floor(random()*:customers::int)::int FROM generate_series(1, :batch::int)) ORDER BY id) AS picked
\gset
SELECT alias, customer FROM alias WHERE alias=ANY(:aliases::text[]);
\startpipeline
BEGIN;
SELECT id, state, key, wake FROM customer WHERE id=ANY(:ids::bigint[]) ORDER BY id FOR UPDATE;
SELECT key, content, customer, result, received FROM seen
    WHERE key IN (SELECT uuid_send(gen_random_uuid()) FROM generate_series(1, :batch::int));
SELECT customer, session, body, last FROM session WHERE (customer, session) IN
    (SELECT c, c*4+:salt::bigint%3 FROM unnest(:ids::bigint[]) AS c
    WHERE (c*7919+:salt::bigint)%10000<:session_share::bigint);
\endpipeline
\startpipeline
UPDATE customer SET state=overlay(state PLACING uuid_send(gen_random_uuid())||uuid_send(gen_random_uuid())||
    uuid_send(gen_random_uuid()) FROM length(state)-47) WHERE id=ANY(:ids::bigint[]);
INSERT INTO session(customer, session, body, last)
    SELECT c, c*4+:salt::bigint%3, s.body, (extract(epoch FROM clock_timestamp())*1000)::bigint
    FROM unnest(:ids::bigint[]) AS c JOIN bench_session AS s
        ON s.n=1+(c*31+:salt::bigint)%greatest(:sessions::bigint, 1)
    WHERE (c*7919+:salt::bigint)%10000<:session_share::bigint
    ON CONFLICT(customer, session) DO UPDATE SET body=excluded.body, last=excluded.last;
INSERT INTO seen(key, content, customer, result, received)
    SELECT uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid()), c, e.result,
        (extract(epoch FROM clock_timestamp())*1000)::bigint
    FROM unnest(:ids::bigint[]) AS c JOIN bench_event AS e ON e.n=1+(c*31+:salt::bigint)%:events::bigint;
INSERT INTO evidence(customer, row, number, previous, at, kind, body, hash)
    SELECT c, nextval('evidence_row'), 5, 5, (extract(epoch FROM clock_timestamp())*1000)::bigint, 'event', e.body,
        uuid_send(gen_random_uuid())||uuid_send(gen_random_uuid())
    FROM unnest(:ids::bigint[]) AS c JOIN bench_event AS e ON e.n=1+(c*31+:salt::bigint)%:events::bigint;
INSERT INTO message(customer, row, id, recipient, kind, channel, language, text, encoding, segments, template_id,
        template_hash, state, attempts, due, cause, cap, stage, threshold, question, error, created, expires)
    SELECT c, nextval('evidence_row'), substr(md5(gen_random_uuid()::text), 1, length(m.id)), recipient, kind, channel,
        language, text, encoding, segments, template_id, template_hash, 'queued', 0, created, cause, cap, stage,
        threshold, question, '', created, expires
    FROM unnest(:ids::bigint[]) AS c JOIN bench_message AS m
        ON m.n=1+(c*31+:salt::bigint)%greatest(:messages::bigint, 1)
    WHERE (c*104729+:salt::bigint)%10000<:message_share::bigint;
-- What is owed is claimed and delivered in batches of others; here the same rows are written in this one.
UPDATE message SET attempts=1, leased=1, due=due+60000 WHERE state='queued' AND customer=ANY(:ids::bigint[]);
UPDATE message SET state='sent', leased=0, due=NULL, sent=created
    WHERE state='queued' AND customer=ANY(:ids::bigint[]);
UPDATE customer SET state=overlay(state PLACING uuid_send(gen_random_uuid()) FROM length(state)-15)
    WHERE id IN (SELECT c FROM unnest(:ids::bigint[]) AS c WHERE (c*104729+:salt::bigint)%10000<:message_share::bigint);
INSERT INTO evidence(customer, row, number, previous, at, kind, body, hash)
    SELECT c, nextval('evidence_row'), 5, 5, (extract(epoch FROM clock_timestamp())*1000)::bigint, 'delivery', d.body,
        uuid_send(gen_random_uuid())||uuid_send(gen_random_uuid())
    FROM unnest(:ids::bigint[]) AS c JOIN bench_delivery AS d
        ON d.n=1+(c*31+:salt::bigint)%greatest(:deliveries::bigint, 1)
    WHERE (c*104729+:salt::bigint)%10000<:message_share::bigint;
COMMIT;
\endpipeline
