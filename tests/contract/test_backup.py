"""The embedded store is copied while events go on, and put back where it was or elsewhere."""

import json
import re
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from blackbox import FR, Customer, Service, assert_problem, megabytes, money, monthly, run
from postgres_server import Postgres


def back_up(service, file):
    return service.post("/v1/store/backup", json={"file": str(file)}, timeout=120)


def restore(file, target, *more):
    return run("restore", file, "--store", f"sqlite://{target}", *more)


@pytest.fixture
def copied(service, tmp_path):
    """A backup of the module's service, with customers of each kind in it."""
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(12), FR)
    file = tmp_path / "backup.db"
    response = back_up(service, file)
    assert response.status_code == 200, response.text
    assert response.json()["file"] == str(file)
    return file, customer


def test_a_backup_under_load_holds_all_that_was_acknowledged_before(start, tmp_path):
    service = start()
    service.publish()
    customers = [service.customer(caps=[monthly("50000.00")]) for _ in range(40)]
    for customer in customers:
        customer.attach(FR)
    acknowledged, ended = [], threading.Event()

    def send(own):
        session = service.session()
        while not ended.is_set():
            for customer in own:
                event = customer.usage_event(megabytes(1), FR)
                response = session.post(service.url("/v1/events"), data=json.dumps(event), timeout=30,
                                        headers={"Content-Type": "application/cloudevents+json"})
                assert response.status_code == 200, response.text
                acknowledged.append((customer, event))
        return True

    with ThreadPoolExecutor(8) as pool:
        sending = [pool.submit(send, customers[i::8]) for i in range(8)]
        while len(acknowledged) < 400:
            ended.wait(0.02)
        before = list(acknowledged)
        response = back_up(service, tmp_path / "backup.db")
        during = len(acknowledged) - len(before)
        while len(acknowledged) < len(before) + during + 100:
            ended.wait(0.02)
        ended.set()
        assert all(one.result() for one in sending)
    assert response.status_code == 200, response.text
    made = response.json()
    assert made["customers"] == 40
    assert made["bytes"] == (tmp_path / "backup.db").stat().st_size
    assert made["seconds"] > 0
    assert during > 0, "nothing was sent meanwhile"
    assert list(tmp_path.iterdir()) == [tmp_path / "backup.db"]

    result = restore(tmp_path / "backup.db", tmp_path / "new" / "roamguard.db", "--verify", "all")
    assert result.returncode == 0, result.stderr
    assert "40 customers" in result.stdout and "40 chains of evidence checked" in result.stdout
    later = start(directory=tmp_path / "new")
    for customer in customers:
        customer.service = later
        assert customer.verified()
    sent_before = {}
    for customer, event in before:
        assert later.result(event)["outcome"] == "duplicate", "an acknowledged event is not in the backup"
        sent_before[customer.msisdn] = sent_before.get(customer.msisdn, 0) + 1
    # What came after it may be sent again, and then each megabyte counts once.
    for customer, event in acknowledged[len(before):]:
        assert "error" not in later.result(event)
    for customer in customers:
        customer.last_event = next(event for owner, event in reversed(acknowledged) if owner is customer)
        count = sum(owner is customer for owner, _ in acknowledged)
        assert customer.cap()["used"] == money(f"{count}.00")
        assert customer.verified()


def test_a_backup_is_for_its_owner_alone_and_is_one_file(copied):
    file, _ = copied
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == ["backup.db"]
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("body, status, field", [
    ({"file": "backup.db"}, 422, "file"),
    ({"file": ""}, 422, "file"),
    ({"file": "/no/such/folder/backup.db"}, 422, "file"),
    ({"file": 7}, 422, "file"),
    ({"file": "/tmp/x\x00.db"}, 422, "file"),
    ({}, 422, "file"),
    ({"file": "/tmp/x.db", "force": True}, 422, "force"),
    ([], 422, None),
])
def test_a_file_that_is_none_is_refused(service, body, status, field):
    assert_problem(service.post("/v1/store/backup", json=body), status, field)


def test_a_file_that_exists_is_left_as_it_is(service, tmp_path):
    file = tmp_path / "precious"
    file.write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    for path in (file, link, tmp_path):
        assert assert_problem(back_up(service, path), 409)["code"] == "file_exists"
    assert file.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "precious"]


def test_of_many_backups_at_once_each_is_made_or_refused(service, tmp_path):
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: back_up(service, tmp_path / f"{n}.db"), range(12)))
    made = [answer for answer in answers if answer.status_code == 200]
    assert made
    for answer in answers:
        if answer.status_code != 200:
            assert assert_problem(answer, 409)["code"] == "backup_running"
    assert len(list(tmp_path.iterdir())) == len(made)


def test_only_an_administrator_makes_backups(start, tmp_path):
    service = start(run=False)
    keys = {}
    for role in ("care", "approver", "admin"):
        made = run("keys", "create", "--role", role, "--store", service.store)
        keys[role] = made.stdout.strip()
    service.start()
    for role in ("care", "approver"):
        refused = run("backup", tmp_path / "x.db", "--url", service.url(""), "--key", keys[role])
        assert refused.returncode == 1 and "(403)" in refused.stderr
    done = run("backup", tmp_path / "x.db", "--url", service.url(""), "--key", keys["admin"])
    assert done.returncode == 0, done.stderr
    assert re.match(r".*/x\.db: \d+ bytes, 0 customers, [\d.]+ s$", done.stdout.strip())
    refused = run("backup", "x.db", "--url", service.url(""), "--key", keys["admin"])
    assert refused.returncode == 1 and "whole path" in refused.stderr


def test_without_a_service_the_command_works_on_the_store_itself(start, tmp_path):
    service = start()
    service.publish()
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(3), FR)
    refused = run("backup", tmp_path / "x.db", "--store", service.store)
    assert refused.returncode == 1 and "another process holds the database" in refused.stderr
    assert service.kill() is not None  # a log is left that is not in the file yet
    done = run("backup", tmp_path / "x.db", "--store", service.store, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["customers"] == 1
    assert restore(tmp_path / "x.db", tmp_path / "new" / "roamguard.db").returncode == 0
    later = start(directory=tmp_path / "new")
    customer.service = later
    assert customer.cap()["used"] == money("3.00")
    assert customer.verified()


def test_a_backup_replaces_a_store_only_on_request_and_keeps_the_old_one(start, copied, tmp_path):
    file, customer = copied
    folder = tmp_path / "other"
    other = start(directory=folder)
    mine = Customer(other, "+491713920077")  # of nobody in the other store
    mine.put(caps=[monthly()])
    target = folder / "roamguard.db"
    running = restore(file, target, "--replace")
    assert running.returncode == 1 and "another process holds the database" in running.stderr
    other.kill()
    refused = restore(file, target)
    assert refused.returncode == 1 and "--replace" in refused.stderr
    done = restore(file, target, "--replace")
    assert done.returncode == 0, done.stderr
    kept = Path(re.search(r"is kept as (.+)", done.stdout)[1])
    assert kept.parent == folder and ".before-restore-" in kept.name
    other.start()
    customer.service = other
    assert customer.peek()["data"] == "held"
    assert customer.verified()
    assert other.get(mine.path).status_code == 404
    other.stop()
    other.store = f"sqlite://{kept}"
    other.start()
    assert mine.profile()["caps"]


def flipped(file):
    data = bytearray(file.read_bytes())
    for at in range(4096 * 3, len(data), 4096):
        data[at:at + 8] = b"\xff" * 8
    file.write_bytes(data)


def cut_short(file):
    file.write_bytes(file.read_bytes()[:-4096])


def no_database(file):
    file.write_text("x" * 8192)


def another_program(file):
    file.unlink()
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE t (x)")


def newer(file):
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version=99")


def changed_evidence(file):
    with sqlite3.connect(file) as db:
        db.execute("UPDATE evidence SET body=x'00' WHERE number=1")


def lost_evidence(file):
    with sqlite3.connect(file) as db:
        db.execute("DELETE FROM evidence WHERE row=(SELECT max(row) FROM evidence)")


@pytest.mark.parametrize("damage, says", [
    (flipped, "no whole database"), (cut_short, "no whole database"), (no_database, "no whole database"),
    (another_program, "none of this program"), (newer, "use the newer program"),
    (changed_evidence, "does not match its hash"), (lost_evidence, "entries"),
])
def test_a_damaged_backup_is_refused_and_nothing_is_changed(copied, tmp_path, damage, says):
    file, _ = copied
    target = tmp_path / "target" / "roamguard.db"
    assert restore(file, target).returncode == 0
    before = target.read_bytes()
    damage(file)
    for place, more in ((target, ["--replace"]), (tmp_path / "fresh" / "roamguard.db", [])):
        result = restore(file, place, *more)
        assert result.returncode == 1
        assert says in result.stderr, result.stderr
    assert target.read_bytes() == before
    assert not (tmp_path / "fresh" / "roamguard.db").exists()
    left = [path.name for path in target.parent.iterdir() if path.suffix != ".lock"]
    assert left == ["roamguard.db"]


def test_a_database_with_its_log_beside_is_no_backup(service, tmp_path):
    result = restore(service.directory / "roamguard.db", tmp_path / "x.db")
    assert result.returncode == 1
    assert "a database in use" in result.stderr


def test_a_postgresql_store_is_backed_up_by_its_own_tools(start, tmp_path):
    databases = Postgres()
    try:
        service = start(run=False)
        service.store = databases.make()
        service.start()
        problem = assert_problem(back_up(service, tmp_path / "x.db"), 409)
        assert problem["code"] == "not_embedded"
        assert "pg_dump" in problem["detail"]
        for command in (["backup", tmp_path / "x.db"], ["restore", tmp_path / "x.db"]):
            result = run(*command, "--store", service.store)
            assert result.returncode == 1 and "pg_dump" in result.stderr
        service.kill()
    finally:
        databases.stop()
