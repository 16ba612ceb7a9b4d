"""Usage sent by several threads until each event is acknowledged, and what must be true afterwards.

    load = Load([service, …], customers)   customers of `capped_customers`
    with load:                             the threads send; at the end each waits until its last event is acknowledged
        …                                  the fault
    load.send_to([service, …])             from now on only there
    load.longest_gap()                     the longest time without an acknowledgement, in seconds
    load.check()                           every acknowledged event counts exactly once and was told once; no 2xx lied
"""

import random
import threading
import time
from collections import Counter, defaultdict

import requests

from blackbox import (BATCH, FR, STRUCTURED, USAGE, Customer, amount_of, megabytes, monthly, network, new_event, spent)

LIMIT = 200
THRESHOLDS = (25, 50, 75, 100)
PATIENCE_S = 60
NO_RESULT = ("rejected", "test_network", "stale")


def capped_customers(service, first, count=8):
    """Customers with a cap of LIMIT pounds, numbered from `first`: at 1 GBP a MB."""
    customers = [Customer(service, f"+9992{first + n:07}") for n in range(count)]
    for customer in customers:
        customer.put(caps=[monthly(f"{LIMIT}.00", thresholds=list(THRESHOLDS))])
    return customers


class Load:
    def __init__(self, services, customers, clients=4, seed=1, read_timeout=10):
        self.services, self.customers = services, customers
        self.targets = services
        self.read_timeout = read_timeout
        self.sent = {}
        self.first_ids = {}  # event -> the ids of the notifications, where the first answer was an acknowledgement
        self.acknowledged = {}  # event -> when
        self.refused = Counter()
        self.wrong = []
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.give_up = threading.Event()
        self.began = None
        self.threads = [threading.Thread(target=self._keep_sending, args=(n, random.Random(f"{seed} {n}")),
                                         name=f"client {n}") for n in range(clients)]

    def __enter__(self):
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *failure):
        self.stop.set()
        if failure[0]:
            self.give_up.set()  # the test has failed: nothing is waited for
        for thread in self.threads:
            thread.join()

    def _keep_sending(self, number, chance):
        sessions = {service.port: service.session() for service in self.services}
        turn = number
        while not self.stop.is_set():
            count = chance.randint(2, 10) if chance.random() < 0.3 else 1
            events = [self._event(chance) for _ in range(count)]
            with self.lock:
                self.sent.update((event["id"], event) for event in events)
            first, give_up = True, time.monotonic() + PATIENCE_S
            while True:
                service = self.targets[turn % len(self.targets)]
                if self._send(sessions[service.port], service.url("/v1/events"), events, first):
                    break
                if self.give_up.is_set():
                    return
                if time.monotonic() > give_up:
                    self._is_wrong(f"{count} events were not acknowledged within {PATIENCE_S} s")
                    return
                first = False
                turn += 1  # the next instance, as a balancer would
                time.sleep(0.05)
            turn += 1
        for session in sessions.values():
            session.close()

    def send_to(self, services):
        self.targets = services

    def _event(self, chance):
        subscriber = {"msisdn": chance.choice(self.customers).msisdn}
        return new_event(USAGE, {"subscriber": subscriber, "visitedNetwork": network(FR), "service": "data",
                                 "quantity": megabytes(chance.choice((0, 1, 1, 2, 3)))})

    def _is_wrong(self, what):
        with self.lock:
            self.wrong.append(what)

    def _send(self, session, url, events, first):
        body, content_type = (events, BATCH) if len(events) > 1 else (events[0], STRUCTURED)
        try:
            response = session.post(url, json=body, headers={"Content-Type": content_type},
                                    timeout=(2, self.read_timeout))
        except requests.exceptions.RequestException as fault:
            with self.lock:
                self.refused[type(fault).__name__] += 1
            return False
        if response.status_code in (429, 503):
            with self.lock:
                self.refused[response.status_code] += 1
            if not response.headers.get("Retry-After", "").isdigit():
                self._is_wrong(f"{response.status_code} without Retry-After: {response.text[:200]}")
            return False
        if response.status_code != 200:
            self._is_wrong((response.status_code, response.text[:300]))
            return True
        with self.lock:
            self._note(events, response.json()["results"], first)
        return True

    def _note(self, events, results, first):
        at = time.monotonic()
        for event, result in zip(events, results):
            outcome = result["outcome"]
            # Only what was sent before may be known already: then the first commit succeeded and its answer was lost.
            if outcome in NO_RESULT or (first and outcome == "duplicate"):
                self.wrong.append((event["id"], outcome, result.get("error")))
            self.acknowledged[event["id"]] = at
            if outcome != "duplicate":
                self.first_ids[event["id"]] = [item["id"] for item in result["notifications"]]

    # ---- afterwards

    def acknowledged_so_far(self):
        with self.lock:
            return len(self.acknowledged)

    def longest_gap(self, since=None):
        moments = sorted(at for at in self.acknowledged.values() if since is None or at >= since)
        marks = [since or self.began, *moments]
        return max((later - earlier for earlier, later in zip(marks, marks[1:])), default=float("inf"))

    def resumed_after(self, since):
        """Seconds until the first acknowledgement after that moment of time.monotonic()."""
        return min((at - since for at in self.acknowledged.values() if at > since), default=float("inf"))

    def check(self, at_least=50):
        print(f"{len(self.acknowledged)} events acknowledged, refused on the way: {dict(self.refused)}")
        assert self.wrong == [], self.wrong[:20]
        assert set(self.acknowledged) == set(self.sent)
        assert len(self.acknowledged) >= at_least, "too little load to mean anything"
        self._check_redelivery()
        by_customer = defaultdict(list)
        for event in self.sent.values():
            by_customer[event["data"]["subscriber"]["msisdn"]].append(event)
        faults = [fault for customer in self.customers if by_customer[customer.msisdn]
                  for fault in self._faults_of(customer, by_customer[customer.msisdn])]
        assert faults == [], faults

    def _check_redelivery(self):
        """Every acknowledged event is a duplicate when sent again, and repeats the ids of its first answer."""
        service, ids = self.services[0], list(self.acknowledged)
        lost, changed = [], []
        for start in range(0, len(ids), 500):
            some = ids[start:start + 500]
            for id, result in zip(some, service.batch([self.sent[id] for id in some])):
                said = [item["id"] for item in result["notifications"]]
                if result["outcome"] != "duplicate":
                    lost.append((id, result["outcome"]))
                elif said != self.first_ids.get(id, said):
                    changed.append((id, self.first_ids[id], said))
        assert (lost, changed) == ([], []), (lost[:20], changed[:20])

    def _faults_of(self, customer, events):
        total = sum(event["data"]["quantity"] // megabytes(1) for event in events)
        service = self.services[0]
        state = service.result(events[-1])
        [cap] = state["caps"]
        if spent(cap) != total or amount_of(cap["used"]) != min(total, LIMIT):
            yield customer.msisdn, f"counted {spent(cap)} ({amount_of(cap['used'])} in the cap), sent {total}"
        pending = len(customer.confirmations("pending"))
        expected = ("held", 1) if total >= LIMIT else ("allowed", 0)
        if (state["data"], pending) != expected:
            yield customer.msisdn, f"{state['data']} with {pending} questions open at {total}"
        yield from self._faults_in_messages(customer, total)
        yield from self._faults_in_evidence(customer, events)

    def _faults_in_messages(self, customer, total):
        messages = self.services[0].all_items("/v1/notifications", msisdn=customer.msisdn)
        kinds = Counter(item["kind"] for item in messages)
        about = [item.get("about") or {} for item in reversed(messages)]
        marks = [(entry["stage"], entry["threshold"]) for entry in about if entry.get("threshold")]
        final = [(1, mark) for mark in THRESHOLDS if 100 * total >= mark * LIMIT][-1:]
        if len({item["id"] for item in messages}) != len(messages) or kinds["welcome"] != 1:
            yield customer.msisdn, f"said {dict(kinds)}"
        if sorted(set(marks)) != marks or marks[-1:] != final:
            yield customer.msisdn, f"the thresholds said are {marks}, the last should be {final}"

    def _faults_in_evidence(self, customer, events):
        if not customer.verified():
            yield customer.msisdn, "the evidence file does not verify"
        entries = self.services[0].all_items(customer.path + "/timeline")
        numbers = sorted(entry["number"] for entry in entries)
        if numbers != list(range(1, len(entries) + 1)):
            yield customer.msisdn, f"the evidence file has {len(entries)} entries numbered up to {numbers[-1:]}"
        kept = Counter(event_id(entry) for entry in entries if entry["kind"] == "event")
        wrong = {event["id"]: kept[event["id"]] for event in events if kept[event["id"]] != 1}
        if wrong:
            yield customer.msisdn, f"kept otherwise than once: {wrong}"


def event_id(entry):
    """The id of the event an entry of the evidence file stands for."""
    return entry["entry"]["event"]["id"]
