"""Several instances on one database are one service: whichever is asked, each thing is decided once and said once."""

import re
import signal
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from blackbox import (DE, FR, FR_FREE, STRUCTURED, TABLE, US, Customer, Service, assert_problem, megabytes, money,
                      monthly, run, wait_for)
from load import Load, capped_customers
from postgres import Cluster, obstacle
from receiver import Receiver

pytestmark = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))

SOON_S = 3  # a change made through one instance is in force on the others
LEASE_S = 30  # the shortest a dispatcher may have
NEW_NUMBERS = iter(range(500_000, 1_000_000))


@pytest.fixture(scope="module")
def cluster():
    with Cluster() as running:
        yield running


@pytest.fixture(scope="module")
def both(cluster, tmp_path_factory):
    """Begins two instances at the same time on an empty database, the small table published; flags for each."""
    begun = []

    def begin(*flags, of_a=(), of_b=()):
        store = cluster.url(cluster.database())
        pair = [Service(tmp_path_factory.mktemp("instance"), *flags, *own, store=store) for own in (of_a, of_b)]
        begun.extend(pair)
        with ThreadPoolExecutor(2) as starters:
            list(starters.map(lambda service: service.start(), pair))
        pair[0].publish()
        wait_for(lambda: pair[1].get("/readyz").status_code == 200, SOON_S, "the other instance to have the table")
        return pair

    yield begin
    for service in begun:
        if service.process is not None:
            service.process.send_signal(signal.SIGCONT)
        service.kill()


@pytest.fixture(scope="module")
def pair(both):
    return both()


def new_number():
    return f"+9993{next(NEW_NUMBERS):07}"


def new_customer(service, **profile):
    customer = Customer(service, new_number())
    customer.put(**profile)
    return customer


def seen_by(service, customer):
    """The same customer by way of another instance."""
    other = Customer(service, customer.msisdn)
    other.clock, other.last_event = customer.clock, customer.last_event
    return other


def at_once(*calls):
    """The answers of calls that begin at the same moment."""
    gate = threading.Barrier(len(calls))

    def run_one(call):
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as callers:
        return list(callers.map(run_one, calls))


def send_to_each(pair, event):
    return at_once(*(lambda service=service: service.post("/v1/events", json=event,
                                                          headers={"Content-Type": STRUCTURED}) for service in pair))


# ---- either takes everything


def test_any_instance_takes_any_event_and_shows_the_same(pair):
    a, b = pair
    customer = new_customer(a, caps=[monthly()])
    other = seen_by(b, customer)
    other.attach(FR)
    for n in range(1, 5):
        taking = customer if n % 2 else other
        taking.clock = max(customer.clock, other.clock)
        assert taking.usage(megabytes(1), FR)["caps"][0]["used"] == money(f"{n}.00")
    customer.last_event = other.last_event
    assert customer.peek() == other.peek()
    assert customer.profile() == other.profile()
    wait_for(lambda: customer.notification("welcome")["state"] in ("sent", "delivered"), what="the welcome to be sent")
    assert customer.notifications() == other.notifications()
    assert customer.timeline() == other.timeline()
    assert customer.verified() and other.verified()


def test_the_same_event_sent_to_both_at_once_is_taken_once(pair):
    for _ in range(25):
        customer = new_customer(pair[0], caps=[monthly()])
        event = customer.usage_event(megabytes(6), FR)
        answers = send_to_each(pair, event)
        assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
        results = [answer.json()["results"][0] for answer in answers]
        outcomes = sorted(result["outcome"] for result in results)
        assert outcomes == ["duplicate", "threshold_reached"]
        assert results[0]["notifications"] == results[1]["notifications"]
        assert results[0]["caps"] == results[1]["caps"]
        assert Counter(customer.kinds()) == {"welcome": 1, "threshold": 1}
        customer.last_event = event
        assert customer.cap()["used"] == money("6.00")
        assert customer.verified()


def test_of_two_contents_under_one_id_sent_to_both_at_once_one_is_taken(pair):
    for _ in range(10):
        customer = new_customer(pair[0], caps=[monthly()])
        event = customer.usage_event(megabytes(2), FR)
        other = {**event, "data": {**event["data"], "quantity": megabytes(3)}}
        answers = at_once(*(lambda service=service, body=body: service.send(body, timeout=20)
                            for service, body in zip(pair, (event, other))))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        taken = event if answers[0].status_code == 200 else other
        assert_problem(answers[0] if taken is other else answers[1], 409)
        customer.last_event = taken
        assert customer.cap()["used"] == money("2.00" if taken is event else "3.00")


def test_a_new_customers_events_to_both_at_once_make_one_customer(pair):
    a, b = pair
    for n in range(20):
        stranger = Customer(a, new_number())
        subscriber = {"msisdn": stranger.msisdn, "imsi": f"2341599{n:02}{stranger.msisdn[-6:]}"}
        events = [stranger.usage_event(megabytes(1), FR, subscriber=subscriber) for _ in range(2)]
        answers = at_once(*(lambda service=service, event=event: service.send(event, timeout=20)
                            for service, event in zip(pair, events)))
        assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
        results = [b.result(event) for event in events]
        assert [result["outcome"] for result in results] == ["duplicate", "duplicate"]
        assert results[0]["caps"][0]["used"] == money("2.00")
        assert stranger.kinds().count("welcome") == 1
        assert [entry["kind"] for entry in stranger.timeline()].count("event") == 2
        assert stranger.verified()


def test_a_new_profile_put_on_both_at_once_is_one_customer(pair):
    a, b = pair
    for _ in range(10):
        customers = [Customer(a, new_number())]
        customers.append(seen_by(b, customers[0]))
        at_once(*(lambda customer=customer: customer.put(caps=[monthly()]) for customer in customers))
        assert customers[0].profile()["id"] == customers[1].profile()["id"]
        customers[0].attach(FR)
        assert customers[1].kinds() == ["welcome"]


def test_one_question_answered_on_both_at_once_is_decided_once(pair):
    a, b = pair
    for _ in range(10):
        customer = new_customer(a, caps=[monthly()])
        customer.usage(megabytes(10), FR)
        path = f"/v1/confirmations/{customer.question()['id']}"
        bodies = [{"choice": choice, "by": "care", "actor": "agent-7"} for choice in ("extend", "decline")]
        answers = at_once(*(lambda service=service, body=body: service.post(path, json=body)
                            for service, body in zip(pair, bodies)))
        assert sorted(answer.status_code for answer in answers) == [200, 409], [answer.text for answer in answers]
        extended = answers[0].status_code == 200
        other = seen_by(b, customer)
        assert other.peek()["data"] == ("allowed" if extended else "blocked")
        assert other.cap()["limit"] == money("15.00" if extended else "10.00")
        kinds = Counter(other.kinds())
        assert (kinds["receipt"], kinds["declined"]) == ((1, 0) if extended else (0, 1))


def test_usage_split_over_both_gives_exact_sums_and_each_threshold_once(pair):
    customers = capped_customers(pair[0], 0, 6)
    with Load(pair, customers, clients=6) as load:
        time.sleep(4)
    load.check()


# ---- what one learns, the other knows


def test_a_tariff_published_on_one_is_soon_in_force_on_the_other(pair):
    a, b = pair

    def price(service):
        return Customer(service, new_number()).attach(FR, ago=timedelta(0))["price"]["data"]["amount"]

    versions = {}
    try:
        for on, other, amount in ((a, b, "1.50"), (b, a, "1.75")):
            table = TABLE.replace("*,FR,data,1.00", f"*,FR,data,{amount}")
            versions[amount] = on.publish(table)
            assert price(on) == amount
            wait_for(lambda: price(other) == amount, SOON_S, "the other instance to have the new price")
            shown = {item["version"]: item["state"] for item in other.items("/v1/tariffs/versions")}
            assert shown[versions[amount]] == "published"
        assert versions["1.75"] > versions["1.50"]
    finally:
        a.publish()
        wait_for(lambda: price(b) == "1.00", SOON_S, "the old price")


def test_a_key_made_while_both_run_opens_both_and_revoked_neither(cluster, tmp_path):
    store = cluster.url(cluster.database())

    def made(role):
        result = run("keys", "create", "--role", role, "--store", store)
        assert result.returncode == 0, result.stderr
        return max(re.findall(r"[A-Za-z0-9_.\-]{20,}", result.stdout), key=len)

    admin = made("admin")
    pair = [Service(tmp_path / name, store=store, key=admin).start() for name in ("a", "b")]

    def status(service, key, method="GET", path="/v1/holds", **options):
        with service.session() as session:
            return session.request(method, service.url(path), headers={"Authorization": f"Bearer {key}"}, timeout=20,
                                   **options).status_code

    try:
        key = made("care")
        for service in pair:
            assert status(service, "rg_" + "x" * 32) == 401
            wait_for(lambda service=service: status(service, key) == 200, SOON_S, "the new key to be known")
            assert status(service, key, "POST", "/v1/events", json={}) == 403
            assert status(service, admin) == 200
        listed = run("keys", "list", "--store", store).stdout
        [id] = re.findall(r"^(k-\S+)\tcare\t.*\tin force$", listed, re.M)
        assert run("keys", "revoke", id, "--store", store).returncode == 0
        for service in pair:
            wait_for(lambda service=service: status(service, key) == 401, SOON_S, "the key to be out of force")
            assert status(service, admin) == 200
    finally:
        for service in pair:
            service.kill()


# ---- what is done by the clock, and by the dispatchers


def test_work_that_falls_due_is_done_once(both):
    pair = both("--confirm.expiry", "2s", "--confirm.repeat-after", "1s", "--trip.home-dwell", "3s")
    customers = [new_customer(pair[n % 2], caps=[monthly()]) for n in range(16)]
    for customer in customers:
        customer.usage(megabytes(12), FR)
    wait_for(lambda: all(customer.confirmations("expired") for customer in customers), 15, "the questions to expire")
    for customer in customers:
        customer.service = pair[1] if customer.service is pair[0] else pair[0]
        customer.home(ago=timedelta(0))
    wait_for(lambda: all(customer.notifications("trip_summary") for customer in customers), 20, "the trips to end")
    time.sleep(1)
    for customer in customers:
        kinds = Counter(customer.kinds())
        assert (kinds["confirm_cap"], kinds["trip_summary"], kinds["welcome"]) == (1, 1, 1), kinds
        assert [question["state"] for question in customer.confirmations()] == ["expired"]
        reasons = Counter(reason for entry in customer.timeline() if entry["kind"] == "timer"
                          for reason in entry["entry"]["reasons"])
        assert reasons and set(reasons.values()) == {1}, reasons
        assert customer.verified()


def told_of(receiver):
    """By number, what the platform was told: the sequence and whether held or released, in the order of arrival."""
    found = defaultdict(list)
    for request in receiver.that(lambda request: request.path.startswith("/platform")):
        data = request.json()["data"]
        found[data["subscriber"]["msisdn"]].append((data["sequence"], request.json()["type"].split(".")[-2]))
    return found


@pytest.fixture
def receiver():
    running = Receiver()
    yield running
    running.close()


def webhooks(receiver, name):
    return ["--sms.driver", "webhook", "--sms.webhook-url", receiver.url(f"/sms/{name}"),
            "--platform.webhook-url", receiver.url(f"/platform/{name}")]


def test_the_dispatchers_of_both_share_the_outbox_and_deliver_each_message_once(both, receiver):
    def answer(request):
        time.sleep(0.02)
        return 204

    receiver.answer = answer
    a, b = both(of_a=webhooks(receiver, "a"), of_b=webhooks(receiver, "b"))
    customers = [new_customer(a, caps=[monthly("500.00")], channels=["sms"]) for _ in range(60)]
    for _ in range(2):
        for service, plmn in ((a, US), (b, DE)):
            service.batch([customer.attach_event(plmn) for customer in customers])
    messages = a.all_items("/v1/notifications")
    assert len(messages) > 100
    wait_for(lambda: not (a.items("/v1/notifications", state="queued") or b.items("/v1/notifications", state="queued")),
             40, "the outbox to empty")
    wait_for(lambda: all(told_of(receiver)[customer.msisdn][-1:] == [(4, "released")] for customer in customers), 20,
             "the platform to be told of the last release")
    time.sleep(1)
    sms = receiver.that(lambda request: request.path.startswith("/sms"))
    assert Counter(request.json()["data"]["id"] for request in sms) == {item["id"]: 1 for item in messages}
    told = told_of(receiver)
    for customer in customers:  # a hold that was over before it was told of may be left out
        assert told[customer.msisdn] == sorted(set(told[customer.msisdn])), "told twice, or out of order"
        assert set(told[customer.msisdn]) <= {(1, "held"), (2, "released"), (3, "held"), (4, "released")}
    states = {(item["state"], item["attempts"]) for item in b.all_items("/v1/notifications")}
    assert states == {("sent", 1)}


# ---- one of them fails


def test_a_frozen_instance_blocks_nobody_for_long_and_completes_nothing_stale(both, receiver):
    frozen = threading.Event()

    def answer(request):
        """a waits for its answers until it is frozen; then a refusal for good lies ready for when it wakes."""
        if not request.path.endswith("/a"):
            return 204
        frozen.wait(20)
        return 410

    receiver.answer = answer
    lease = ["--outbox.lease", f"{LEASE_S}s"]
    a, b = both(*lease, of_a=webhooks(receiver, "a")[:4], of_b=webhooks(receiver, "b")[:4])
    customers = capped_customers(b, 100, 6)
    with Load([a, b], customers, read_timeout=3) as load:
        claimed = receiver.wait(lambda request: request.path == "/sms/a", 1, 15)
        a.process.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        frozen.set()
        load.send_to([b])
        time.sleep(20)
    assert load.longest_gap(stopped) < 20
    assert load.resumed_after(stopped + 17) < 2
    stuck = {request.json()["data"]["id"] for request in claimed}
    wait_for(lambda: not b.items("/v1/notifications", state="queued"), LEASE_S + 15, "the other to deliver")
    assert time.monotonic() - stopped > LEASE_S - 5, "the lease was not waited for"
    before = {item["id"]: (item["state"], item["attempts"]) for item in b.all_items("/v1/notifications")}
    assert stuck <= set(before)
    assert {state for state, _ in before.values()} == {"sent"}
    asked_of_a = len(receiver.that(lambda request: request.path == "/sms/a"))
    a.process.send_signal(signal.SIGCONT)
    time.sleep(4)
    assert {item["id"]: (item["state"], item["attempts"]) for item in b.all_items("/v1/notifications")} == before
    assert len(receiver.that(lambda request: request.path == "/sms/a")) == asked_of_a
    accepted = Counter(request.json()["data"]["id"] for request in receiver.that(lambda one: one.accepted()))
    assert accepted == {id: 1 for id in before}
    wait_for(lambda: a.get("/readyz").status_code == 200, 15, "the thawed instance to be ready")
    load.services = [a, b]
    load.check()


def test_one_instance_killed_under_load_leaves_the_other_going_on_at_once(both):
    a, b = both()
    customers = capped_customers(b, 200, 6)
    with Load([a, b], customers) as load:
        for _ in range(3):
            time.sleep(1)
            a.kill()
            killed = time.monotonic()
            time.sleep(1)
            assert load.resumed_after(killed) < 1
            a.start()
            assert a.get("/readyz").status_code == 200
    assert load.longest_gap() < 2
    load.check()


def test_one_instance_ended_politely_answers_what_it_took_while_the_other_goes_on(both):
    a, b = both()
    customer = new_customer(b, caps=[monthly("500.00")])
    with Load([a, b], capped_customers(b, 300, 4)) as load:
        time.sleep(1)
        assert a.stop() == 0
        time.sleep(1)
    assert set(load.refused) <= {503, "ConnectionError"}
    assert customer.attach(FR_FREE)["outcome"] == "welcomed"
    load.services = [b]
    load.check()
