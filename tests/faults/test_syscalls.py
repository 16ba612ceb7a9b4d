"""SIGKILL at every system call by which a batch is written: what was acknowledged is there, all else is whole or not
there, and once it is sent again everything is as if nothing had happened.

A story of a few requests is told again and again, each time to a customer of its own: the process is killed at the
first system call that writes, at the second, and so on, until a whole story passes. EVERY=1 takes each of them; unless
told otherwise every 5th is taken, beginning with one that SEED decides.
"""

import os
import random
from pathlib import Path

import pytest
import requests

from blackbox import BATCH, FR, Customer, amount_of, megabytes, monthly, spent
from machine import Strace, needs_strace

pytestmark = needs_strace

EVERY = int(os.environ.get("EVERY", "5"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 30))))
WRITES = "pwrite64,pwritev,write,writev,sendto,sendmsg,fdatasync,fsync,ftruncate,fallocate,unlink,rename"
LIMIT = 10
MOST = 1000  # system calls of one thread in one story; far more than there are


class Story:
    """The requests of one customer: welcomed, half of the cap and four fifths of it reached, then the cap."""

    def __init__(self, service, number):
        self.service = service
        self.customer = Customer(service, f"+9993{number:07}")
        self.customer.put(caps=[monthly(f"{LIMIT}.00")])
        usage = [self.customer.usage_event(megabytes(some), FR) for some in (1, 1, 1, 2, 3, 2, 0)]
        self.requests = [[self.customer.attach_event(FR)], usage[:3], usage[3:4], usage[4:]]
        self.acknowledged = {}  # event -> the ids of the notifications of its result

    def events(self):
        return [event for request in self.requests for event in request]

    def tell(self):
        """True when every request was answered."""
        for request in self.requests:
            try:
                response = self.service.send(request, BATCH, timeout=20)
            except requests.exceptions.RequestException:
                return False
            assert response.status_code == 200, response.text
            self._note(request, response.json()["results"])
        return True

    def _note(self, request, results):
        for event, result in zip(request, results):
            assert result["outcome"] not in ("rejected", "duplicate"), result
            self.acknowledged[event["id"]] = [item["id"] for item in result["notifications"]]

    # ---- afterwards

    def kept(self):
        """The events of the evidence file, and of each the messages that name it as their cause."""
        owed = {}
        for item in self.customer.notifications():
            owed.setdefault(item["cause"], set()).add(item["id"])
        entries = [entry["entry"]["event"]["id"] for entry in self.service.all_items(self.customer.path + "/timeline")
                   if entry["kind"] == "event"]
        assert len(entries) == len(set(entries))
        assert set(owed) <= set(entries), "a message of an event that is not there"
        return {id: owed.get(id, set()) for id in entries}

    def check_whole_or_not_there(self):
        kept = self.kept()
        for request in self.requests:
            there = {event["id"] in kept for event in request}
            assert len(there) == 1, "a request is there in part"
        lost = [id for id in self.acknowledged if id not in kept]
        assert lost == []
        for event, result in zip(self.events(), self.service.batch(self.events())):
            ids = [item["id"] for item in result["notifications"]]
            assert (result["outcome"] == "duplicate") == (event["id"] in kept), result
            if event["id"] in kept:
                assert set(ids) == kept[event["id"]]
            assert ids == self.acknowledged.get(event["id"], ids)

    def end(self):
        """What came of it all. It does not depend on when the process was killed."""
        assert self.customer.verified()
        self.customer.last_event = self.events()[-1]
        cap = self.customer.cap()
        assert spent(cap) == amount_of(cap["used"]) == LIMIT
        said = [(item["kind"], (item.get("about") or {}).get("threshold")) for item in self.customer.notifications()]
        return {"said": said[::-1], "data": self.customer.peek()["data"], "questions": len(self.customer.confirmations()),
                "events": sorted(self.place(id) for id in self.kept())}

    def place(self, id):
        return [event["id"] for event in self.events()].index(id)


@pytest.fixture(scope="module")
def service(start):
    print(f"SEED={SEED} EVERY={EVERY}")
    service = start()
    service.publish()
    return service


def database_of(service):
    return Path(service.store.removeprefix("sqlite://"))


def test_a_kill_at_any_system_call_of_a_batch_loses_nothing_acknowledged_and_leaves_nothing_half_there(service):
    undisturbed = Story(service, 0)
    assert undisturbed.tell()
    expected = undisturbed.end()
    assert expected["data"] == "held" and expected["questions"] == 1
    kills, passed = 0, False
    for number in range(1 + SEED % EVERY, MOST, EVERY):
        story = Story(service, number)
        with Strace(service, f"trace={WRITES}", f"inject={WRITES}:signal=SIGKILL:when={number}"):
            passed = story.tell() and service.process.poll() is None
            if passed:
                service.kill()
        service.kill()
        service.start()
        story.check_whole_or_not_there()
        assert story.end() == expected, f"killed at call {number}"
        if passed:
            break
        kills += 1
    print(f"{kills} kills, the last story passed: {passed}")
    assert passed and kills * EVERY > 30


def told_until_killed(service, first):
    """Story after story, until the log is long enough for a checkpoint and the process dies in it."""
    for number in range(first, first + 2000):
        try:
            story = Story(service, number)
        except requests.exceptions.RequestException:
            return  # its profile was being written
        went_on = story.tell()
        yield story
        if not went_on:
            return


def test_a_kill_while_a_checkpoint_moves_the_log_into_the_database_loses_nothing(service):
    chance = random.Random(SEED)
    kills = 0
    for turn in range(max(2, 20 // EVERY)):
        with Strace(service, "trace=pwrite64,fdatasync,ftruncate",
                    f"inject=pwrite64,fdatasync,ftruncate:signal=SIGKILL:when={chance.randint(1, 60)}",
                    only=database_of(service)):
            stories = list(told_until_killed(service, 100_000 * (turn + 1)))
            kills += service.process.poll() is not None
        service.kill()
        service.start()
        for story in stories[-20:]:
            story.check_whole_or_not_there()
            assert story.customer.verified()
    assert kills > 0, "no checkpoint was met"
