"""The disk fails under the running program: full, slow, broken, locked, damaged. Nothing acknowledged is lost, nothing
is half there, and what the service says and does about it is what operations can work with.
"""

import os
import random
import re
import sqlite3
import time
from pathlib import Path

import pytest
import requests

from blackbox import (FR, Customer, assert_come_again, assert_not_ready_for_the_store, free_port, megabytes, monthly, run,
                      wait_for)
from load import Load, capped_customers
from machine import Strace, ended_with, needs_strace
from small_disk import SmallDisk

NEW_CUSTOMERS = iter(range(0, 1_000_000, 100))
BACK_S = 10


@pytest.fixture
def small_disk(tmp_path):
    disks = []

    def mount(megabytes):
        (tmp_path / "disk").mkdir()
        disks.append(SmallDisk(tmp_path / "disk", megabytes))
        return disks[-1]

    yield mount
    for disk in disks:
        disk.discard()


@pytest.fixture
def service(start):
    """A service of the test's own, with the small table published."""
    running = start()
    running.publish()
    yield running
    running.kill()


def customers_of(service, count=8):
    return capped_customers(service, next(NEW_CUSTOMERS), count)


def database_of(service):
    return Path(service.store.removeprefix("sqlite://"))


def assert_ready(service):
    wait_for(lambda: service.get("/readyz").status_code == 200, BACK_S, "/readyz to say 200")


# ---- no room


def test_a_full_disk_is_503_while_reads_go_on_and_it_resumes_by_itself(start, small_disk):
    disk = small_disk(24)
    service = start(store=f"sqlite://{disk.folder}/roamguard.db")
    service.publish()
    pid, customers = service.process.pid, customers_of(service)
    with Load([service], customers) as load:
        wait_for(lambda: load.acknowledged_so_far() > 50, 10, "some load")
        disk.fill()
        wait_for(lambda: load.refused[503] > 20, 20, "refusals")
        assert_not_ready_for_the_store(service)
        assert service.get(customers[0].path).status_code == 200
        assert service.get("/v1/holds").status_code == 200
        assert_come_again(service.put(customers[0].path, json={"homeCountry": "GB", "plan": "gold"}))
        disk.make_room()
        room = time.monotonic()
        wait_for(lambda: load.resumed_after(room) < BACK_S, BACK_S, "an acknowledgement")
        time.sleep(0.5)
    assert_ready(service)
    assert service.process.pid == pid and service.process.poll() is None
    load.check()
    service.kill()


def test_a_service_on_a_disk_that_is_full_before_it_starts_says_why_and_starts_once_there_is_room(start, small_disk):
    disk = small_disk(24)
    service = start(store=f"sqlite://{disk.folder}/roamguard.db")
    service.publish()
    customer = Customer(service, "+999200000001")
    customer.put(caps=[monthly()])
    customer.usage(megabytes(2), FR)
    service.kill()
    Path(f"{disk.folder}/roamguard.db-shm").unlink()  # made anew at the start, which needs room
    disk.fill()
    refusal = refusal_to_start(service)
    assert f"{disk.folder}/roamguard.db cannot be used" in refusal and "damaged" not in refusal
    disk.make_room()
    service.start()
    assert customer.peek()["outcome"] == "duplicate"
    assert customer.verified()
    service.kill()


# ---- input and output errors


@needs_strace
@pytest.mark.parametrize("call,error", [("fdatasync", "EIO"), ("pwrite64", "EIO"), ("fdatasync", "ENOSPC")])
def test_an_error_of_the_disk_is_never_a_2xx_ends_the_process_with_70_and_a_restart_is_whole(service, call, error):
    customer = service.customer(caps=[monthly()])
    before = customer.usage_event(megabytes(2), FR)
    assert service.result(before)["outcome"] != "rejected"
    event = customer.usage_event(megabytes(3), FR)
    with Strace(service, f"trace={call}", f"inject={call}:error={error}:when=1"):
        try:
            assert_come_again(service.send(event, timeout=20))
        except requests.exceptions.ConnectionError:
            pass  # it ended first
        assert ended_with(service) == 70
    assert "the store is broken" in service.log()
    service.kill()
    service.start()
    assert [result["outcome"] for result in service.batch([before])] == ["duplicate"]
    service.result(event)  # there or not, as nobody was told; afterwards it is
    customer.last_event = event
    assert customer.cap()["used"]["amount"] == "5.00"
    assert customer.verified()
    assert_ready(service)


def figures(service, name):
    text = service.get("/metrics").text
    return [float(re.search(rf"^{name}_{part} (\S+)$", text, re.M)[1]) for part in ("sum", "count")]


@needs_strace
def test_on_a_slow_disk_those_who_wait_share_a_commit_and_nothing_is_lost(service):
    """A sync takes 50 ms. While one batch waits for its own, all who come meanwhile are the next."""
    customers = customers_of(service)
    before = figures(service, "roamguard_batch_requests")
    with Strace(service, "trace=fdatasync", "inject=fdatasync:delay_enter=50000"):
        with Load([service], customers, clients=12) as load:
            time.sleep(2.5)
            during = figures(service, "roamguard_batch_requests")
    shared = (during[0] - before[0]) / (during[1] - before[1])
    print(f"requests in one commit: {shared:.1f}")
    assert shared > 2
    load.check(at_least=20)


# ---- locked


def test_a_locked_database_is_503_while_reads_go_on_and_it_resumes_by_itself(service):
    customers = customers_of(service)
    other = sqlite3.connect(database_of(service), isolation_level=None)
    with Load([service], customers, clients=2) as load:
        wait_for(lambda: load.acknowledged_so_far() > 20, 10, "some load")
        other.execute("BEGIN IMMEDIATE")
        wait_for(lambda: load.refused[503] > 0, 20, "a refusal")
        began = time.monotonic()
        assert_not_ready_for_the_store(service)
        assert service.get(customers[0].path).status_code == 200
        assert time.monotonic() - began < 5
        other.execute("ROLLBACK")
        free = time.monotonic()
        wait_for(lambda: load.resumed_after(free) < BACK_S, BACK_S, "an acknowledgement")
    other.close()
    assert_ready(service)
    load.check(at_least=20)


# ---- damage


def filled(start):
    """A service with some customers' worth of history, a backup of it, and what was sent; ended politely."""
    service = start()
    service.publish()
    customers = [service.customer(caps=[monthly()]) for _ in range(40)]
    for customer in customers:
        customer.attach(FR)
        customer.usage(megabytes(1), FR)
    backup = service.directory / "backup.db"
    done = run("backup", backup, "--url", service.url(""))
    assert done.returncode == 0, done.stderr
    assert service.stop() == 0
    return service, customers, backup


def damage(database, page):
    with open(database, "r+b") as file:
        file.seek(page * 4096)
        assert len(file.read(4096)) == 4096
        file.seek(page * 4096)
        file.write(os.urandom(4096))


def root_of(database, table):
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        [root] = db.execute("SELECT rootpage-1 FROM sqlite_master WHERE name=?", [table]).fetchone()
    return root


def refusal_to_start(service):
    done = run("serve", "--listen", f"127.0.0.1:{free_port()}", "--store", service.store, timeout=30)
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def command_in(refusal):
    """The command that a refusal tells to run, as words."""
    found = re.search(r"`roamguard (restore [^`]+)`", refusal)
    assert found, refusal
    return found[1].split()


def restored_as_told(service, refusal, backup):
    words = [str(backup) if word == "BACKUP" else word for word in command_in(refusal)]
    done = run(*words, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "all whole" in done.stdout
    service.start()


def assert_as_before(service, customers):
    for customer in customers:
        assert customer.cap()["used"]["amount"] == "1.00"
        assert customer.verified()
    assert_ready(service)


@pytest.mark.parametrize("what", ["customer", "evidence", "the first page"])
def test_a_damaged_database_is_refused_by_name_and_the_restore_it_names_brings_all_back(start, what):
    service, customers, backup = filled(start)
    database = database_of(service)
    damage(database, 0 if what == "the first page" else root_of(database, what))
    refusal = refusal_to_start(service)
    assert str(database) in refusal and "damaged" in refusal
    restored_as_told(service, refusal, backup)
    assert_as_before(service, customers)


def test_damage_that_is_met_while_running_ends_the_process_and_the_next_start_refuses(start):
    """Nothing reads a whole database at each start: a page far inside is met when it is needed."""
    service, customers, backup = filled(start)
    database = database_of(service)
    for page in leaves_of_customers(database)[:-1]:  # the last one is read at each start, for the newest id
        damage(database, page)
    service.start()
    with pytest.raises((requests.exceptions.ConnectionError, AssertionError)):
        for customer in customers:
            customer.usage(megabytes(1), FR)
    assert ended_with(service) == 70
    service.kill()
    refusal = refusal_to_start(service)
    assert str(database) in refusal and "damaged" in refusal
    assert "damaged" in refusal_to_start(service), "the doubt was forgotten"
    restored_as_told(service, refusal, backup)
    assert_as_before(service, customers)


def leaves_of_customers(database):
    """The pages that hold the rows of the customers' table, in the rows' order."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        found = db.execute("SELECT pageno-1 FROM dbstat WHERE name='customer' AND pagetype='leaf' ORDER BY path")
        leaves = [page for (page,) in found]
    assert len(leaves) > 1, "too few customers to need a second page"
    return leaves


@pytest.mark.parametrize("harm", ["cut", "zeros", "noise"])
def test_a_log_that_lost_its_tail_is_whole_up_to_there(service, harm):
    """The disk lost what it had confirmed. What is left is a moment of the past: each request whole or not there."""
    customer = service.customer(caps=[monthly("1000.00")])
    sent = [[customer.usage_event(megabytes(1), FR) for _ in range(5)] for _ in range(20)]
    for request in sent:
        service.batch(request)
    service.kill()
    log = Path(f"{database_of(service)}-wal")
    content = log.read_bytes()
    tail = random.randint(5_000, 60_000)
    log.write_bytes(content[:-tail] + {"cut": b"", "zeros": bytes(tail), "noise": os.urandom(tail)}[harm])
    service.start()
    kept = {entry["entry"]["event"]["id"] for entry in service.all_items(customer.path + "/timeline")
            if entry["kind"] == "event"}
    assert customer.verified()
    there = [[event["id"] in kept for event in request] for request in sent]
    assert all(len(set(request)) == 1 for request in there), "a request is there in part"
    whole = [request[0] for request in there]
    assert whole == sorted(whole, reverse=True) and any(whole) and not all(whole)
    for request in sent:
        service.batch(request)
    customer.last_event = sent[-1][-1]
    assert customer.cap()["used"]["amount"] == "100.00"
    assert customer.verified()
