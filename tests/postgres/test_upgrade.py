"""An upgrade, one instance after the other: a newer version's schema comes while this one is at work.

What a newer version may do to the schema meanwhile is kept by tests/storage/migrations_test.cpp: it only adds.
"""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from blackbox import FR, ROOT, Service, megabytes, monthly, run, wait_for
from load import Load, capped_customers
from postgres import Cluster, obstacle

pytestmark = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))

SCHEMA = ROOT / "service" / "storage" / "schema" / "postgres"
KEPT_BY_THE_NEWER = "'kept by the newer'"


@pytest.fixture(scope="module")
def cluster():
    with Cluster() as running:
        yield running


@pytest.fixture
def serve(tmp_path, cluster):
    """Instances of this version on one database, started at the same moment."""
    started = []

    def begin(database, count=1):
        some = [Service(tmp_path / f"instance{len(started) + n}", store=cluster.url(database)) for n in range(count)]
        started.extend(some)
        with ThreadPoolExecutor(count) as starters:
            list(starters.map(lambda service: service.start(), some))
        return some

    yield begin
    for service in started:
        service.kill()


def tables(cluster, database):
    return [name for [name] in cluster.sql("SELECT table_name FROM information_schema.tables WHERE "
                                           "table_schema='public' AND table_name<>'schema_version'", database)]


def version(cluster, database):
    return cluster.number("SELECT version FROM schema_version", database)


def expand(cluster, database):
    """As a newer version does when it starts: all in one transaction, tried again where it must wait for a lock."""
    script = ["SET LOCAL lock_timeout=2000", "SELECT version FROM schema_version WHERE id=1 FOR UPDATE"]
    for table in tables(cluster, database):
        script += [f"ALTER TABLE {table} ADD COLUMN newer_note TEXT DEFAULT {KEPT_BY_THE_NEWER}",
                   f"ALTER TABLE {table} ADD COLUMN newer_count BIGINT NOT NULL DEFAULT 7",
                   f"ALTER TABLE {table} ADD COLUMN newer_moment BIGINT"]
    script += ["CREATE TABLE newer (customer BIGINT PRIMARY KEY, body BYTEA NOT NULL)",
               "UPDATE schema_version SET version=version+1 WHERE id=1"]
    wait_for(lambda: cluster._psql("; ".join(script), database).returncode == 0, 60, "the tables' locks")
    cluster.sql("CREATE INDEX CONCURRENTLY message_newer ON message (customer, newer_moment)", database)


def lengthen_states(cluster, database):
    """As a newer version does when it writes a customer: one more field behind those that are known here."""
    cluster.sql("UPDATE customer SET state=set_byte(state,2,get_byte(state,2)+1)||'\\xa56e65776572'::bytea, "
                "newer_moment=id", database)


def test_a_newer_versions_schema_comes_under_load_and_nobody_notices(serve, cluster):
    database = cluster.database()
    [a] = serve(database)
    a.publish()
    [b] = serve(database)
    customers = capped_customers(a, 0)
    known = version(cluster, database)
    with Load([a, b], customers) as load:
        time.sleep(1)
        before = load.acknowledged_so_far()
        expand(cluster, database)
        expanded = time.monotonic()
        wait_for(lambda: load.acknowledged_so_far() > before + 100, 30, "events on the newer schema")
        a.publish()
    assert load.refused == {}
    assert load.resumed_after(expanded) < 1
    load.check()
    assert version(cluster, database) == known + 1
    assert cluster.number("SELECT count(*) FROM message WHERE newer_count<>7", database) == 0
    for service in (a, b):
        assert service.get("/readyz").status_code == 200
        assert "cached plan" not in service.log()

    # What the newer version has stored of a customer is still there after this one has written the customer.
    assert cluster.sql("SELECT DISTINCT get_byte(state,0) FROM customer", database) == [[str(0xdc)]]  # a long array
    lengthen_states(cluster, database)
    for n, customer in enumerate(customers):
        customer.service = (a, b)[n % 2]
        customer.put(caps=[monthly("500.00")])
        customer.usage(megabytes(1), FR)
        assert customer.verified()
    rows = cluster.sql("SELECT encode(substr(state,length(state)-5),'hex'),newer_note,newer_moment=id FROM customer",
                       database)
    assert len(rows) >= len(customers)
    assert {tuple(row) for row in rows} == {("a56e65776572", KEPT_BY_THE_NEWER.strip("'"), "t")}

    # A fresh start of this version is refused, and says why; the ones at work go on.
    done = run("serve", "--listen", "127.0.0.1:0", "--store", cluster.url(database), timeout=30)
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert re.search(rf"it has schema {known + 1}, this program knows {known}: run the newer program", said), said
    customers[0].usage(megabytes(1), FR)
    assert customers[0].verified()


def test_two_instances_started_at_once_on_an_old_schema_bring_it_forward_once(serve, cluster):
    database = cluster.database()
    oldest, *later = sorted(SCHEMA.glob("*.sql"))
    cluster.sql(oldest.read_text(), database)
    cluster.sql("CREATE TABLE schema_version (id BIGINT PRIMARY KEY, version BIGINT NOT NULL);"
                "INSERT INTO schema_version VALUES (1, 1)", database)
    a, b = serve(database, 2)
    assert version(cluster, database) == 1 + len(later)
    a.publish()
    wait_for(lambda: b.get("/readyz").status_code == 200, 3, "the other instance to have the table")
    [customer] = capped_customers(b, 100, 1)
    assert customer.usage(megabytes(1), FR)["outcome"] == "welcomed"
