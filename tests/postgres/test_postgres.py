"""PostgreSQL goes away in every way it can, under load: nothing acknowledged is lost, nothing is counted or said twice,
the sender is told to come again meanwhile, and the service goes on by itself.

The accidents end alike: (a) a commit succeeds, (b) the connection dies before the service knows, (c) it answers 503,
(d) the platform sends again, perhaps to a server that was a standby a moment ago.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from blackbox import (FR, FR_FREE, assert_come_again, assert_not_ready_for_the_store, megabytes, monthly, run,
                      wait_for)
from load import Load, capped_customers
from postgres import Cluster, Wire, obstacle, owned_folder
from small_disk import SmallDisk

pytestmark = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))

BACK_S = 10  # from the database's return to the next acknowledgement
ANSWER_S = 30  # however silent the database is, a request is answered in this time
NEW_CUSTOMERS = iter(range(0, 1_000_000, 100))


@pytest.fixture(scope="module")
def cluster():
    with Cluster() as running:
        yield running


@pytest.fixture
def pair():
    """A primary and its synchronous standby."""
    with Cluster() as primary, primary.standby() as standby:
        yield primary, standby


@pytest.fixture
def serve(start):
    """Starts a service on that store, with the small table published; ended with the test."""
    started = []

    def begin(store, *flags):
        service = start(*flags, store=store)
        started.append(service)
        service.publish()
        return service

    yield begin
    for service in started:
        service.kill()


@pytest.fixture
def wire(pair):
    leading_to_the_primary = Wire(pair[0].port)
    yield leading_to_the_primary
    leading_to_the_primary.close()


def customers_of(service, count=8):
    return capped_customers(service, next(NEW_CUSTOMERS), count)


def assert_ready(service, seconds=BACK_S):
    wait_for(lambda: service.get("/readyz").status_code == 200, seconds, "/readyz to say 200")


# ---- the server dies


def by_forwarder(primary, standby, database, wire):
    return primary.url(database, port=wire.port)


def by_both_addresses(primary, standby, database, wire):
    return primary.url(database, also=standby)


@pytest.mark.parametrize("address", [by_forwarder, by_both_addresses])
def test_a_standby_promoted_under_load_has_all_that_was_acknowledged(serve, pair, wire, address):
    primary, standby = pair
    service = serve(address(primary, standby, primary.database(), wire))
    pid = service.process.pid
    with Load([service], customers_of(service)) as load:
        time.sleep(2)
        primary.kill()
        wire.cut()
        time.sleep(1)
        assert_not_ready_for_the_store(service)
        standby.promote()
        wire.to(standby.port)
        promoted = time.monotonic()
        wait_for(lambda: load.resumed_after(promoted) < BACK_S, BACK_S, "an acknowledgement after the promotion")
        time.sleep(2)
    assert_ready(service)
    assert service.process.pid == pid and service.process.poll() is None
    load.check()


def test_what_the_synchronous_standby_does_not_have_is_not_acknowledged(serve, pair, wire):
    primary, standby = pair
    service = serve(primary.url(primary.database(), port=wire.port))
    [customer] = customers_of(service, 1)
    assert customer.usage(megabytes(1), FR)["outcome"] == "welcomed"
    event = customer.usage_event(megabytes(2), FR)
    standby.freeze()
    for patience_s in (20, 8):  # the second time it may stand in the primary already
        try:
            assert_come_again(service.send(event, timeout=patience_s))
        except requests.exceptions.Timeout:
            pass  # no answer is no acknowledgement; how soon there is one is another test's matter
    primary.kill()
    wire.cut()
    standby.thaw()
    standby.promote()
    wire.to(standby.port)
    wait_for(lambda: service.send(event).status_code == 200, 2 * BACK_S, "the promoted standby to take the event")
    customer.last_event = event
    assert customer.cap()["used"]["amount"] == "3.00"
    assert customer.verified()


# ---- the connections die


def test_connections_ended_again_and_again_under_load_lose_and_repeat_nothing(serve, cluster):
    database = cluster.database()
    service = serve(cluster.url(database))
    with Load([service], customers_of(service)) as load:
        ended = 0
        for _ in range(10):
            time.sleep(0.4)
            ended += cluster.terminate_all(database)
        last = time.monotonic()
        time.sleep(1.5)
    assert ended >= 10
    assert load.resumed_after(last) < 2
    assert load.longest_gap() < 3
    load.check()


def fast(cluster):
    cluster.stop("fast")


def without_warning(cluster):
    cluster.kill()


@pytest.mark.parametrize("end", [fast, without_warning])
def test_a_database_restarted_under_load_is_used_again_by_itself(serve, cluster, end):
    service = serve(cluster.url(cluster.database()))
    with Load([service], customers_of(service)) as load:
        time.sleep(1.5)
        end(cluster)
        assert_not_ready_for_the_store(service)
        cluster.start()
        back = time.monotonic()
        wait_for(lambda: load.resumed_after(back) < BACK_S, BACK_S, "an acknowledgement after the restart")
        time.sleep(1)
    assert load.refused[503] > 0
    assert_ready(service)
    load.check()


def test_connections_that_died_while_idle_are_not_in_the_way(serve, cluster):
    database = cluster.database()
    service = serve(cluster.url(database))
    customer = service.customer(caps=[monthly()])
    customer.attach(FR)

    def read(_):
        with service.session() as session:
            return session.get(service.url(customer.path + "/timeline"), timeout=20).status_code

    with ThreadPoolExecutor(24) as readers:
        assert set(readers.map(read, range(200))) == {200}
        before = cluster.backends(database)
        assert before > 2
        assert cluster.terminate_all(database) >= before
        time.sleep(2)
        began = time.monotonic()
        assert set(readers.map(read, range(100))) == {200}
    wait_for(lambda: service.send(customer.usage_event(megabytes(1), FR)).status_code == 200, 2, "the first event")
    assert time.monotonic() - began < 5
    wait_for(lambda: cluster.backends(database) <= before + 2, 10, "no more connections than before")
    assert service.get("/readyz").status_code == 200


# ---- silence


@pytest.mark.parametrize("silent", ["the server", "the wire"])
def test_a_silent_database_is_an_answer_in_bounded_time_and_no_end(serve, cluster, silent):
    wire = Wire(cluster.port)
    service = serve(cluster.url(cluster.database(), port=wire.port))
    customers = customers_of(service, 4)
    for customer in customers:
        customer.usage(megabytes(1), FR)
    events = [customer.usage_event(megabytes(2), FR) for customer in customers]
    (cluster if silent == "the server" else wire).freeze()
    try:
        with ThreadPoolExecutor(8) as senders:
            reading = senders.submit(service.get, customers[0].path + "/timeline", timeout=ANSWER_S)
            readiness = senders.submit(service.get, "/readyz", timeout=ANSWER_S)
            answers = list(senders.map(lambda event: service.send(event, timeout=ANSWER_S), events))
            for response in [*answers, reading.result()]:
                assert_come_again(response)
            assert readiness.result().status_code == 503
        assert service.get("/healthz", timeout=1).status_code == 200
    finally:
        (cluster if silent == "the server" else wire).thaw()
    for customer, event in zip(customers, events):
        wait_for(lambda: service.send(event).status_code == 200, BACK_S, "the event to be taken")
        customer.last_event = event
        assert customer.cap()["used"]["amount"] == "3.00"
        assert customer.verified()
    assert_ready(service)
    wire.close()


# ---- no room


@pytest.fixture
def small_disk():
    disks = []

    def mount(megabytes):
        if os.geteuid() != 0:
            pytest.skip("only root may mount a small file system")
        disks.append(SmallDisk(owned_folder(), megabytes))
        return disks[-1]

    yield mount
    for disk in disks:
        disk.discard()


def on_full_data(small_disk):
    """The tables are on the small disk, the write-ahead log is not: PostgreSQL refuses what needs a new page."""
    disk = small_disk(80)
    cluster = Cluster().start()
    tables = owned_folder(disk.folder)
    cluster.sql(f"CREATE TABLESPACE small LOCATION '{tables}'")
    return disk, cluster, cluster.database("TABLESPACE small")


def on_full_log(small_disk):
    """The write-ahead log is on the small disk: PostgreSQL ends itself when it is full."""
    disk = small_disk(24)
    cluster = Cluster("--waldir", disk.folder / "wal", "--wal-segsize", "1",
                      settings=["min_wal_size=2MB", "max_wal_size=4MB", "wal_recycle=off", "wal_init_zero=on"])
    return disk, cluster.start(), cluster.database()


def keep_running(cluster):
    """What a supervisor does: starts the server where it ended by itself."""
    if cluster.ended():
        cluster.start()


@pytest.mark.parametrize("place", [on_full_data, on_full_log])
def test_a_full_disk_of_the_database_refuses_and_room_on_it_lets_the_service_go_on(serve, small_disk, place):
    disk, cluster, database = place(small_disk)
    try:
        service = serve(cluster.url(database))
        pid = service.process.pid
        with Load([service], customers_of(service)) as load:
            time.sleep(1)
            disk.fill()
            wait_for(lambda: load.refused[503] > 20, 40, "the database to refuse")
            assert_not_ready_for_the_store(service)
            disk.make_room()
            room = time.monotonic()
            wait_for(lambda: keep_running(cluster) or load.resumed_after(room) < 2 * BACK_S, 2 * BACK_S,
                     "an acknowledgement")
            time.sleep(1)
        assert_ready(service)
        assert service.process.pid == pid and service.process.poll() is None
        load.check()
    finally:
        cluster.discard()


# ---- the start


def test_a_database_that_is_not_there_ends_the_start_with_a_sentence_without_the_password():
    store = "postgresql://roamguard:tell-nobody@127.0.0.1:1/roamguard"
    done = run("serve", "--listen", "127.0.0.1:0", "--store", store, timeout=30)
    said = done.stdout + done.stderr
    assert done.returncode not in (0, -6, -11)
    assert "127.0.0.1" in said and "database" in said
    assert "tell-nobody" not in said


def test_the_store_of_a_restarted_service_is_as_it_was(serve, cluster):
    service = serve(cluster.url(cluster.database()))
    customer = service.customer(caps=[monthly()])
    customer.attach(FR)
    customer.usage(megabytes(4), FR_FREE)
    for end in (service.kill, service.stop):
        end()
        service.start()
        assert customer.cap()["used"]["amount"] == "4.00"
        assert customer.kinds() == ["welcome"]
        assert customer.verified()
