"""SIGKILL at random moments under load: nothing acknowledged is lost, nothing is counted or said twice.

ROUNDS says how often the process is killed: 20 unless told otherwise. `ROUNDS=500 pytest tests/faults/test_kill.py`
is the long run; SEED repeats one.
"""

import os
import random
import threading
import time
from collections import Counter, defaultdict

import pytest
import requests

from blackbox import BATCH, FR, STRUCTURED, USAGE, Customer, amount_of, megabytes, monthly, network, new_event, spent

ROUNDS = int(os.environ.get("ROUNDS", "20"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 30))))
CLIENTS = 4
CUSTOMERS_A_ROUND = 3
LIMIT = 150
THRESHOLDS = (25, 50, 75, 100)


class Ledger:
    """What the clients know: every event sent, and which of them were acknowledged."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent = {}
        self.acknowledged = {}  # id -> the ids of the notifications of its first result
        self.wrong = []  # results that no right service gives

    def send(self, session, url, events, batched):
        with self.lock:
            self.sent.update((event["id"], event) for event in events)
        body, content_type = (events, BATCH) if batched else (events[0], STRUCTURED)
        try:
            response = session.post(url, json=body, headers={"Content-Type": content_type}, timeout=20)
        except requests.exceptions.RequestException:
            return False  # nobody knows; it is sent again at the end
        if response.status_code in (429, 503):
            return False
        if response.status_code != 200:
            with self.lock:
                self.wrong.append((response.status_code, response.text[:300]))
            return False
        results = response.json()["results"]
        with self.lock:
            for event, result in zip(events, results):
                if result["outcome"] in ("rejected", "duplicate"):
                    self.wrong.append((event["id"], result["outcome"], result.get("error")))
                else:
                    self.acknowledged[event["id"]] = [item["id"] for item in result["notifications"]]
        return True


def usage_of(customer, chance):
    return new_event(USAGE, {"subscriber": {"msisdn": customer.msisdn}, "visitedNetwork": network(FR),
                             "service": "data", "quantity": megabytes(chance.choice((0, 1, 1, 2, 3)))})


def keep_sending(service, ledger, customers, stop, seed):
    chance = random.Random(seed)
    session = service.session()
    url = service.url("/v1/events")
    while not stop.is_set():
        recent = customers[-2 * CUSTOMERS_A_ROUND:]
        batched = chance.random() < 0.4
        events = [usage_of(chance.choice(recent), chance) for _ in range(chance.randint(2, 30) if batched else 1)]
        if not ledger.send(session, url, events, batched):
            time.sleep(0.01)
    session.close()


class Aftermath:
    def __init__(self, service, ledger, customers):
        self.service, self.ledger, self.customers = service, ledger, customers
        self.by_customer = defaultdict(list)
        for event in ledger.sent.values():
            self.by_customer[event["data"]["subscriber"]["msisdn"]].append(event)

    def expected(self, customer):
        return sum(event["data"]["quantity"] // megabytes(1) for event in self.by_customer[customer.msisdn])


def resend(service, events):
    for start in range(0, len(events), 500):
        yield from zip(events[start:start + 500], service.batch(events[start:start + 500]))


@pytest.fixture(scope="module")
def aftermath(start):
    """The state after all rounds, everything unacknowledged sent again."""
    print(f"SEED={SEED} ROUNDS={ROUNDS}")
    chance = random.Random(SEED)
    service = start()
    service.publish()
    ledger, customers = Ledger(), []
    for turn in range(ROUNDS):
        for n in range(CUSTOMERS_A_ROUND):
            customer = Customer(service, f"+9991{turn:05}{n}")
            customer.put(caps=[monthly(str(LIMIT) + ".00", thresholds=list(THRESHOLDS))])
            customers.append(customer)
        stop = threading.Event()
        clients = [threading.Thread(target=keep_sending, name=f"client {n}",
                                    args=(service, ledger, customers, stop, chance.random())) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(chance.uniform(0.05, 0.7))
        service.kill()
        stop.set()
        for client in clients:
            client.join()
        service.start()
    assert len(ledger.acknowledged) > ROUNDS, "too little load to mean anything"
    unknown = [event for id, event in ledger.sent.items() if id not in ledger.acknowledged]
    for event, result in resend(service, unknown):
        assert result["outcome"] != "rejected", result
    yield Aftermath(service, ledger, customers)
    service.kill()


def test_no_answer_under_load_was_wrong(aftermath):
    assert aftermath.ledger.wrong == []


def wrong_sums(aftermath):
    """The customers whose cap did not count each of their events exactly once."""
    wrong = []
    for customer in aftermath.customers:
        events = aftermath.by_customer[customer.msisdn]
        if events:
            [cap] = aftermath.service.result(events[-1])["caps"]
            expected = aftermath.expected(customer)
            if spent(cap) != expected or amount_of(cap["used"]) != min(expected, LIMIT):
                wrong.append((customer.msisdn, expected, cap))
    return wrong


def test_what_each_cap_counted_is_the_sum_of_the_distinct_events(aftermath):
    assert wrong_sums(aftermath) == []


def test_each_thing_was_said_once_and_the_last_threshold_is_the_final_mark(aftermath):
    wrong = []
    for customer in aftermath.customers:
        if not aftermath.by_customer[customer.msisdn]:
            continue
        messages = list(reversed(customer.notifications()))
        about = [item.get("about") or {} for item in messages]
        marks = [(entry["cap"], entry["stage"], entry["threshold"]) for entry in about if entry.get("threshold")]
        total = aftermath.expected(customer)
        final = max((mark for mark in THRESHOLDS if 100 * total >= mark * LIMIT), default=None)
        thresholds = [threshold for _, _, threshold in marks]
        if (max(Counter(marks).values(), default=0) > 1 or thresholds != sorted(thresholds)
                or (thresholds[-1] if thresholds else None) != final
                or [item["kind"] for item in messages].count("welcome") != 1):
            wrong.append((customer.msisdn, total, [item["kind"] for item in messages], marks))
    assert wrong == []


def test_who_reached_the_limit_is_held_and_was_asked_once(aftermath):
    wrong = []
    for customer in aftermath.customers:
        events = aftermath.by_customer[customer.msisdn]
        if not events:
            continue
        data = aftermath.service.result(events[-1])["data"]
        pending = len(customer.confirmations("pending"))
        if (data, pending) != (("held", 1) if aftermath.expected(customer) >= LIMIT else ("allowed", 0)):
            wrong.append((customer.msisdn, aftermath.expected(customer), data, pending))
    assert wrong == []


def test_every_evidence_file_is_unbroken(aftermath):
    assert [customer.msisdn for customer in aftermath.customers if not customer.verified()] == []


def test_every_acknowledged_event_is_a_duplicate_when_sent_again_and_repeats_its_ids(aftermath):
    acknowledged = aftermath.ledger.acknowledged
    lost, changed = [], []
    for event, result in resend(aftermath.service, [aftermath.ledger.sent[id] for id in acknowledged]):
        if result["outcome"] != "duplicate":
            lost.append((event["id"], result["outcome"]))
        elif [item["id"] for item in result["notifications"]] != acknowledged[event["id"]]:
            changed.append((event["id"], acknowledged[event["id"]], result["notifications"]))
    assert lost == []
    assert changed == []
    assert wrong_sums(aftermath) == []
