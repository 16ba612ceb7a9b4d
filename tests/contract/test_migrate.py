"""A whole store is moved to PostgreSQL and back; the service goes on as if nothing had happened."""

import re
import signal
import subprocess

import pytest

from blackbox import (FR, JP, US, Service, binary_path, clean_environment, megabytes, money, monthly, run,
                      wait_for)
from postgres_server import Postgres


@pytest.fixture(scope="module")
def databases():
    server = Postgres()
    yield server
    server.stop()


def migrate(source, target, *more):
    return run("migrate", "--from", source, "--to", target, *more, timeout=300)


def made_key(store, role="admin"):
    made = run("keys", "create", "--role", role, "--store", store)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.fixture
def lived(tmp_path):
    """A service that has a key, tariffs and customers with caps, holds, answers and questions; and those."""
    service = Service(tmp_path / "lived")
    service.key = made_key(service.store)
    service.http = service.session()
    service.start()
    version = service.publish()
    service.upload()
    held = service.customer(caps=[monthly()], language="de")
    asked = service.customer(caps=[monthly("500.00")])
    counting = service.customer(caps=[monthly("50.00")])
    erased = service.customer(caps=[monthly()])
    held.usage(megabytes(12), FR, session="s-1")
    asked.attach(US)
    asked.answer("decline")
    counting.usage(megabytes(3), FR, session="s-7")
    counting.usage(megabytes(1), FR, session="s-7", charged=money("9.00"))
    counting.usage(60, JP, service="voice_mo", called="home")
    counting.attach(FR)
    erased.usage(megabytes(1), FR)
    assert service.delete(erased.path).status_code in (200, 204)
    assert service.send(held.usage_event(-1, FR)).status_code == 422
    wait_for(lambda: not service.items("/v1/notifications", state="queued"), what="the queue to empty")
    yield service, {"held": held, "asked": asked, "counting": counting}, version
    service.kill()


def picture(service, customers, version):
    """All that can be seen of it; nothing of it may change."""
    seen = {"holds": service.items("/v1/holds"), "rejected": service.items("/v1/events/rejected"),
            "mismatches": service.items("/v1/billing/mismatches"), "unpriced": service.items("/v1/billing/unpriced"),
            "versions": service.get("/v1/tariffs/versions").json(),
            "file": service.get(f"/v1/tariffs/versions/{version}/files/tariffs").content}
    for name, customer in customers.items():
        seen[name] = {"profile": customer.profile(), "last": customer.peek(), "messages": customer.notifications(),
                      "confirmations": customer.confirmations(), "timeline": customer.timeline()}
        assert customer.verified()
    return seen


def serve_from(service, store):
    service.store = store
    service.start()


def test_a_store_that_was_moved_there_and_back_behaves_as_before(lived, databases, tmp_path):
    service, customers, version = lived
    before = picture(service, customers, version)
    assert service.stop() == 0
    embedded, shared = service.store, databases.make()
    there = migrate(embedded, shared, "--verify", "all")
    assert there.returncode == 0, there.stderr
    assert re.search(r"^customers +4$", there.stdout, re.M)
    assert re.search(r"^keys +1$", there.stdout, re.M)
    assert "Every row was read back and is the same; 4 newest entries of evidence and 4 whole chains" in there.stdout
    assert re.search(r"copied +evidence +\d+ of +\d+ rows +100 % +\d+ rows/s", there.stderr)

    serve_from(service, shared)
    assert picture(service, customers, version) == before
    used = before["counting"]["last"]["caps"][0]["used"]
    customers["counting"].usage(megabytes(2), FR)
    assert float(customers["counting"].cap()["used"]["amount"]) == float(used["amount"]) + 2
    customers["held"].answer("extend")
    assert customers["held"].peek()["data"] == "allowed"
    new = service.customer(caps=[monthly()])
    assert new.usage(megabytes(12), FR)["data"] == "held"
    everybody = {**customers, "new": new}
    wait_for(lambda: not service.items("/v1/notifications", state="queued"), what="the queue to empty")
    later = picture(service, everybody, version)
    assert service.stop() == 0

    back = migrate(shared, f"sqlite://{tmp_path / 'back' / 'roamguard.db'}")
    assert back.returncode == 0, back.stderr
    serve_from(service, f"sqlite://{tmp_path / 'back' / 'roamguard.db'}")
    assert picture(service, everybody, version) == later
    assert customers["held"].cap()["limit"] == money("15.00")
    assert service.customer().attach(FR)["outcome"] == "welcomed"


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A store of many customers whose service has ended."""
    service = Service(tmp_path_factory.mktemp("crowd"))
    service.start()
    service.publish()
    customers = [service.stranger() for _ in range(6000)]
    for first in range(0, len(customers), 500):
        service.batch([customer.attach_event(FR) for customer in customers[first:first + 500]])
    assert service.stop() == 0
    return service


def killed_in_the_middle(source, target):
    """Ends the move without warning as soon as it has begun to copy the evidence."""
    process = subprocess.Popen([binary_path(), "migrate", "--from", source, "--to", target], env=clean_environment(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("copied   seen"):
            break
    process.send_signal(signal.SIGKILL)
    process.stderr.close()
    return process.wait(20)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_move_that_was_killed_goes_on_and_until_then_nothing_is_served(crowd, databases, tmp_path, kind):
    target = databases.make() if kind == "postgresql" else f"sqlite://{tmp_path / 'target.db'}"
    assert killed_in_the_middle(crowd.store, target) == -signal.SIGKILL
    refused = run("serve", "--store", target, "--listen", "127.0.0.1:0", "--home.country", "GB")
    assert refused.returncode == 1
    assert f"from {crowd.store}, is unfinished" in refused.stdout + refused.stderr
    assert run("keys", "create", "--role", "admin", "--store", target).returncode == 1
    other = f"sqlite://{tmp_path / 'other.db'}"
    assert run("keys", "create", "--role", "admin", "--store", other).returncode == 0
    foreign = migrate(other, target)
    assert foreign.returncode == 1
    assert "the target holds the unfinished migration of another store" in foreign.stderr
    done = migrate(crowd.store, target)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^customers +6000$", done.stdout, re.M)
    again = migrate(crowd.store, target)
    assert again.returncode == 1
    assert "the target holds a store already" in again.stderr


def test_a_store_that_is_served_is_no_source_and_no_target(lived, tmp_path):
    service, _, _ = lived
    other = f"sqlite://{tmp_path / 'other.db'}"
    for source, target in ((service.store, other), (other, service.store)):
        if source == other:
            assert run("keys", "create", "--role", "admin", "--store", other).returncode == 0
        result = migrate(source, target)
        assert result.returncode == 1
        assert "another process holds the database" in result.stderr


@pytest.mark.parametrize("source, target, says", [
    ("sqlite:///nowhere/at/all.db", "sqlite:///tmp/x.db", "there is no database /nowhere/at/all.db"),
    ("sqlite:///tmp/x.db", "sqlite:///tmp/x.db", "name the same store"),
    ("mysql://u:geheim@db/x", "sqlite:///tmp/x.db", "the store must be"),
    ("postgresql://u:geheim@127.0.0.1:1/x", "sqlite:///tmp/x.db", "postgresql://u:***@127.0.0.1:1/x"),
    ("sqlite:///nowhere/at/all.db", "oracle://u:geheim@db/x", "the store must be"),
])
def test_what_cannot_be_moved_is_refused_in_a_sentence_without_a_password(source, target, says):
    result = migrate(source, target)
    assert result.returncode == 1
    assert says in result.stderr
    assert "geheim" not in result.stdout + result.stderr


def test_an_empty_database_is_no_source(databases, tmp_path):
    result = migrate(databases.make(), f"sqlite://{tmp_path / 'x.db'}")
    assert result.returncode == 1
    assert "holds no store of this program" in result.stderr
