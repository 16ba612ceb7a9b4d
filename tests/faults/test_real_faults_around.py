"""What is around the running program fails: its clock, its time on the processor, its file descriptors, its memory, the
files it reads anew, and those it sends to. Nothing acknowledged is lost, and it goes on by itself.
"""

import itertools
import os
import resource
import signal
import socket
import struct
import subprocess
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from blackbox import BATCH, COUNTRY_MMDB, FR, ROOT, assert_problem, megabytes, monthly, wait_for
from load import Load, capped_customers
from machine import cpu_seconds
from receiver import Receiver, new_secret

NEW_CUSTOMERS = iter(range(500_000, 1_000_000, 100))
DAY_S = 86_400


def customers_of(service, count=8):
    return capped_customers(service, next(NEW_CUSTOMERS), count)


# ---- frozen


def test_a_process_frozen_for_ten_seconds_goes_on_and_loses_nothing(start):
    service = start()
    service.publish()
    with Load([service], customers_of(service), read_timeout=3) as load:
        wait_for(lambda: load.acknowledged_so_far() > 50, 10, "some load")
        service.process.send_signal(signal.SIGSTOP)
        time.sleep(10)
        service.process.send_signal(signal.SIGCONT)
        thawed = time.monotonic()
        wait_for(lambda: load.resumed_after(thawed) < 5, 5, "an acknowledgement")
    load.check()
    service.kill()


# ---- the clock


class MovedClock:
    """A service whose wall clock can be moved while it runs."""

    def __init__(self, start, folder):
        shim, self.file = folder / "clock_shim.so", folder / "moved"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", shim,
                        ROOT / "tests" / "faults" / "clock_shim.c", "-ldl"], check=True, timeout=60)
        self.move(0)
        self.service = start(env={"LD_PRELOAD": str(shim), "CLOCK_SHIM": str(self.file)})
        self.service.publish()

    def move(self, seconds):
        with open(self.file, "r+b" if self.file.exists() else "wb", buffering=0) as file:
            file.write(struct.pack("l", seconds))


@pytest.fixture(scope="module")
def moved(start, tmp_path_factory):
    if any("libasan" in line for line in os.popen(f"ldd {os.environ.get('ROAMGUARD_BIN', 'true')}")):
        pytest.skip("a sanitizer must be loaded first")
    clock = MovedClock(start, tmp_path_factory.mktemp("clock"))
    yield clock
    clock.service.kill()


def states(customers):
    return [(item["kind"], item["state"]) for customer in customers for item in customer.notifications()]


@pytest.mark.parametrize("seconds", [3600, -3600, DAY_S, -DAY_S, 3650 * DAY_S], ids=lambda s: f"{s / DAY_S:.2f} days")
def test_a_clock_that_leaps_and_comes_back_sends_nothing_twice_and_stops_nothing(moved, seconds):
    service = moved.service
    customers = [service.customer(caps=[monthly()]) for _ in range(5)]
    for customer in customers:
        customer.attach(FR)
    wait_for(lambda: states(customers) == [("welcome", "delivered")] * 5, 10, "the welcomes")
    used = cpu_seconds(service)
    moved.move(seconds)
    time.sleep(1.5)
    assert service.get("/healthz").status_code == 200
    moved.move(0)
    time.sleep(0.5)
    assert cpu_seconds(service) - used < 1, "it spins"
    assert states(customers) == [("welcome", "delivered")] * 5
    customer = service.customer(caps=[monthly()])
    assert customer.attach(FR)["outcome"] == "welcomed"
    wait_for(lambda: states([customer]) == [("welcome", "delivered")], 5, "a message after the leap")
    for customer in customers:
        assert customer.usage(megabytes(10), FR)["data"] == "held"
        assert customer.verified()


def test_how_far_ahead_an_event_may_be_goes_by_the_clock_as_it_is_now(moved):
    service = moved.service
    ahead = service.stranger().usage_event(1, FR, ago=timedelta(minutes=-30))
    assert_problem(service.send(ahead), 422, "time")
    moved.move(3600)
    later = service.stranger().usage_event(1, FR, ago=timedelta(minutes=-30))
    assert service.send(later).status_code == 200
    moved.move(0)
    again = service.stranger().usage_event(1, FR, ago=timedelta(minutes=-30))
    wait_for(lambda: service.send(again).status_code == 422, 5, "the clock that was put right to count")


# ---- descriptors and memory


def limit(service, what, value):
    resource.prlimit(service.process.pid, what, (value, resource.prlimit(service.process.pid, what)[1]))


def open_descriptors(service):
    return len(os.listdir(f"/proc/{service.process.pid}/fd"))


def test_a_process_without_descriptors_does_not_spin_and_takes_new_connections_once_there_are_some(start):
    service = start()
    service.publish()
    before = resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE)[0]
    customers = customers_of(service)
    with Load([service], customers, clients=3) as load:
        wait_for(lambda: load.acknowledged_so_far() > 20, 10, "some load")
        limit(service, resource.RLIMIT_NOFILE, open_descriptors(service))
    used = cpu_seconds(service)
    waiting = [socket.create_connection(("127.0.0.1", service.port), timeout=10) for _ in range(30)]
    for connection in waiting:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    time.sleep(2)
    assert cpu_seconds(service) - used < 1, "it spins"
    assert service.process.poll() is None
    limit(service, resource.RLIMIT_NOFILE, before)
    for connection in waiting:
        assert connection.recv(100).startswith(b"HTTP/1.1 200"), "a connection that waited was forgotten"
        connection.close()
    load.check(at_least=20)
    service.kill()


def address_space(service):
    return int(Path(f"/proc/{service.process.pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def send_much_at_once(service, answers, until):
    """Batches of a thousand events, each a mebibyte and more."""
    events = [{**service.stranger().usage_event(1, FR), "padding": "x" * 1200} for _ in range(1000)]
    while time.monotonic() < until:
        try:
            answers[service.send(events, BATCH, timeout=10).status_code] += 1
        except requests.exceptions.RequestException as cut:
            answers[type(cut).__name__] += 1


def test_a_process_without_memory_refuses_or_ends_and_loses_nothing_acknowledged(start):
    """A request that finds no memory is refused. A thread of the program's own that finds none ends the process, and a
    supervisor starts it again."""
    service = start(env={"MALLOC_ARENA_MAX": "1"})  # or each thread has room of its own, set aside before
    service.publish()
    before = resource.prlimit(service.process.pid, resource.RLIMIT_AS)[0]
    answers = Counter()
    with Load([service], customers_of(service), clients=3) as load:
        wait_for(lambda: load.acknowledged_so_far() > 20, 10, "some load")
        limit(service, resource.RLIMIT_AS, address_space(service))
        until = time.monotonic() + 4
        senders = [threading.Thread(target=send_much_at_once, args=(service, answers, until)) for _ in range(8)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        ended = service.process.poll()
        if ended is None:
            limit(service, resource.RLIMIT_AS, before)
        else:
            service.kill()
            service.start()
        free = time.monotonic()
        wait_for(lambda: load.resumed_after(free) < 10, 10, "an acknowledgement")
    print(f"thousands of events at once were answered {dict(answers)}; the process ended with {ended}")
    assert ended in (None, -signal.SIGABRT, 70)
    assert set(answers) - {200}, "it had memory enough"
    assert set(answers) <= {200, 500, 503, "ConnectionError"}
    load.check(at_least=20)
    service.kill()


# ---- files that change under it


def test_files_cut_short_in_place_while_they_are_read_anew_leave_the_last_good_ones(start, tmp_path):
    """To cut a file that is mapped into memory is death by SIGBUS for who reads it: the program has its own copy."""
    good = {"country.mmdb": COUNTRY_MMDB.read_bytes(), "networks.csv": (ROOT / "data" / "plmn.csv").read_bytes()}
    for name, content in good.items():
        (tmp_path / name).write_bytes(content)
    service = start("--geoip-database", tmp_path / "country.mmdb", "--networks", tmp_path / "networks.csv")
    service.publish()
    stop, failures = threading.Event(), []

    def ask():
        session = service.session()
        while not stop.is_set():
            by_ip = session.get(service.url("/v1/destinations/resolve"), timeout=10,
                                params={"ip": "89.160.20.112", "ipOf": "serving_node"})
            by_network = session.get(service.url("/v1/destinations/resolve"), params={"mcc": "208", "mnc": "09"},
                                     timeout=10)
            for response, country in ((by_ip, "SE"), (by_network, "FR")):
                answer = response.json().get("destination", response.json())
                if answer.get("country") != country:
                    failures.append(response.text)

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    for turn, (name, content) in zip(range(24), itertools.cycle(good.items())):
        service.hang_up()
        os.truncate(tmp_path / name, (0, len(content) // 2, len(content) - 1, 4096)[turn // 2 % 4])
        service.hang_up()
        time.sleep(0.1)
        (tmp_path / name).write_bytes(content)
        assert service.process.poll() is None, "it died"
    stop.set()
    for thread in asking:
        thread.join()
    assert failures == []
    assert service.customer().attach(FR)["outcome"] == "welcomed"
    service.kill()


# ---- who does not listen


class Deaf:
    """On a port where somebody listened: takes connections and says nothing, or resets them, or is not there."""

    def __init__(self, port, way):
        self.way, self.taken, self.listener = way, [], None
        if way == "closed":
            return
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if self.way == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
            else:
                self.taken.append(connection)

    def close(self):
        if self.listener:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        for connection in self.taken:
            connection.close()


def heard(receiver):
    """The ids of what was accepted, each as often as it was."""
    return [request.headers["webhook-id"] for request in receiver.requests if request.accepted()]


@pytest.mark.parametrize("way", ["closed", "silent", "reset"])
@pytest.mark.parametrize("which", ["sms", "platform"])
def test_whoever_does_not_listen_holds_up_nobody_else_and_hears_all_once_it_does(start, which, way):
    receivers = {name: Receiver() for name in ("sms", "platform")}
    secret = new_secret()
    flags = ["--sms.driver", "webhook"]
    for name, receiver in receivers.items():
        flags += [f"--{name}.webhook-url", receiver.url("/"), f"--{name}.webhook-secret", secret]
    service = start(*flags)
    service.publish()
    port = receivers[which].port
    receivers[which].close()
    deaf = Deaf(port, way)
    customers = [service.customer(caps=[monthly()], channels=["sms"]) for _ in range(8)]
    for customer in customers:
        began = time.monotonic()
        customer.attach(FR)
        assert customer.usage(megabytes(10), FR)["data"] == "held"
        assert time.monotonic() - began < 2
    other = receivers["platform" if which == "sms" else "sms"]
    expected = {"platform": len(customers), "sms": 2 * len(customers)}  # held; a welcome and a question each
    wanted = expected["platform" if which == "sms" else "sms"]
    wait_for(lambda: len(set(heard(other))) == wanted, 10, "the other to hear all")
    deaf.close()
    receivers[which] = listening = Receiver(port=port)
    wait_for(lambda: len(set(heard(listening))) >= expected[which], 45, "all to arrive")
    time.sleep(0.3)
    assert len(heard(listening)) == len(set(heard(listening))) == expected[which]
    for receiver in (other, listening):
        receiver.close()
    service.kill()
