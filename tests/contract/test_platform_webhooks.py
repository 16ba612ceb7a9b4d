"""Holds and releases as the roaming platform is told of them: what, how signed, in which order, until it hears."""

import json
import re
import subprocess
import threading
import time
from datetime import datetime

import pytest

from blackbox import (ATTACH, DE, FR, ROOT, US, free_port, megabytes, monthly, network, new_event, wait_for)
from receiver import Receiver, in_turn, is_signed, new_secret, signature

HELD, RELEASED = "org.roamguard.data.held.v1", "org.roamguard.data.released.v1"
SECRET, OLD_SECRET = new_secret(), new_secret()
TROUBLE = "later|fail|dead|undelivered|unheard|waiting|queued|oldest|behind|lag|retr|down|error"
NPM = ROOT / "tests" / "npm"
BEHAVIOUR = {}  # how the platform answers about a number; 204 for all others


def answer(request):
    return BEHAVIOUR.get(request.json()["data"]["subscriber"].get("msisdn"), lambda _: 204)(request)


@pytest.fixture(scope="module")
def platform():
    receiver = Receiver(answer)
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def service(start, platform):
    running = start("--platform.webhook-url", platform.url("/roamguard"), "--platform.webhook-secret", SECRET,
                    "--public-url", "https://roam.example.net/shown")
    running.publish()
    return running


def about(customer):
    return lambda request: request.json()["data"]["subscriber"].get("msisdn") == customer.msisdn


def heard(customer):
    return lambda request: about(customer)(request) and request.accepted()


def told(platform, customer, count=1, seconds=15):
    """The events about a customer that the platform accepted, as soon as there are so many; there must be no more."""
    events = [request.json() for request in platform.wait(heard(customer), count, seconds)]
    assert len(events) == count, [event["type"] for event in events]
    return events


def words(event):
    return event["type"], event["data"]["services"], event["data"]["causes"]


def sequences(events):
    return [event["data"]["sequence"] for event in events]


def held_at_cap(service, **profile):
    customer = service.customer(caps=[monthly()], **profile)
    customer.usage(megabytes(10), FR)
    return customer


def held_at_destination(service):
    customer = service.customer(caps=[monthly("500.00")])
    customer.attach(US)
    return customer


# ---- the tests' own tools


@pytest.mark.parametrize("secret, identity, timestamp, body, expected", [
    ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}',
     "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1649367553,
     b'{"email":"test@example.com","username":"test_user"}', "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=")],
    ids=["first", "second"])
def test_the_tests_sign_as_the_published_vectors_do(secret, identity, timestamp, body, expected):
    assert signature(secret, identity, timestamp, body) == expected


# ---- what is said


def test_a_hold_is_told_as_one_structured_cloud_event_with_the_whole_set(service, platform):
    customer = held_at_cap(service)
    [event] = told(platform, customer)
    [request] = platform.that(about(customer))
    assert (request.method, request.path) == ("POST", "/roamguard")
    assert request.headers["Content-Type"].startswith("application/cloudevents+json")
    assert event["specversion"] == "1.0"
    assert event["source"]
    assert datetime.fromisoformat(event["time"].replace("Z", "+00:00")).utcoffset() is not None
    assert words(event) == (HELD, ["data"], ["cap"])
    data = event["data"]
    assert data["subscriber"]["msisdn"] == customer.msisdn
    assert data["subscriber"]["id"] == customer.profile()["id"]
    assert isinstance(data["sequence"], int)
    assert data["holds"] == customer.holds()
    assert [(hold["cause"], hold["services"]) for hold in data["holds"]] == [("cap", ["data"])]
    assert data["allow"] == ["roam.example.net"]


@pytest.mark.parametrize("hold", [held_at_cap, held_at_destination])
def test_what_is_told_is_signed_by_standard_webhooks(service, platform, hold):
    customer = hold(service)
    told(platform, customer)
    [request] = platform.that(about(customer))
    assert is_signed(request, SECRET)
    assert not is_signed(request, new_secret())
    assert request.headers["webhook-id"] == request.json()["id"]


@pytest.mark.skipif(not (NPM / "node_modules" / "standardwebhooks").exists(),
                    reason="the npm package standardwebhooks is not there: scripts/test installs it")
@pytest.mark.parametrize("spoilt, code", [(lambda sample: sample, 0),
                                          (lambda sample: {**sample, "body": sample["body"] + " "}, 1),
                                          (lambda sample: {**sample, "secret": new_secret()}, 1)],
                         ids=["as sent", "altered body", "other secret"])
def test_the_reference_library_verifies_what_is_sent_and_nothing_else(service, platform, spoilt, code):
    customer = held_at_cap(service, language="zh-Hans")
    told(platform, customer)
    [request] = platform.that(about(customer))
    sample = {"secret": SECRET, "body": request.body.decode(),
              "headers": {name.lower(): value for name, value in request.headers.items()}}
    result = subprocess.run(["node", str(NPM / "verify_webhook.mjs")], input=json.dumps(spoilt(sample)), text=True,
                            capture_output=True, timeout=30, check=False)
    assert result.returncode == code, result.stderr


@pytest.mark.parametrize("hold, choice, cause", [(held_at_cap, "extend", "cap"),
                                                 (held_at_destination, "continue", "destination")])
def test_consent_is_told_as_a_release(service, platform, hold, choice, cause):
    customer = hold(service)
    told(platform, customer)
    customer.answer(choice)
    held, released = told(platform, customer, 2)
    assert words(held) == (HELD, ["data"], [cause])
    assert words(released) == (RELEASED, ["data"], [cause])
    assert released["data"]["holds"] == customer.holds() == []
    assert released["data"]["sequence"] > held["data"]["sequence"]
    assert released["id"] != held["id"]


def test_consent_by_sms_is_told_too(service, platform):
    customer = held_at_cap(service)
    told(platform, customer)
    service.post("/v1/sms/inbound", json={"from": customer.msisdn, "to": "4747", "text": "1", "id": "mo-platform"})
    assert words(told(platform, customer, 2)[1]) == (RELEASED, ["data"], ["cap"])


def test_leaving_a_held_destination_is_told_as_a_release(service, platform):
    customer = held_at_destination(service)
    told(platform, customer)
    customer.attach(FR)
    released = told(platform, customer, 2)[1]
    assert words(released) == (RELEASED, ["data"], ["destination"])
    assert released["data"]["holds"] == customer.holds() == []


def test_a_raised_cap_is_told_as_a_release(service, platform):
    customer = held_at_cap(service)
    told(platform, customer)
    customer.change(caps=[monthly("50.00")])
    assert words(told(platform, customer, 2)[1]) == (RELEASED, ["data"], ["cap"])


def test_a_cap_hold_sleeps_at_home_and_binds_again_abroad(service, platform):
    customer = held_at_cap(service)
    told(platform, customer)
    customer.home()
    asleep = told(platform, customer, 2)[1]
    assert words(asleep) == (RELEASED, ["data"], ["cap"])
    customer.attach(FR)
    awake = told(platform, customer, 3)[2]
    assert words(awake) == (HELD, ["data"], ["cap"])
    assert awake["data"]["holds"] == customer.holds()
    assert len(awake["data"]["holds"]) == 1


def test_of_two_holds_the_whole_set_is_told_with_every_change(service, platform):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(1), US)  # a dear place and, at once, the cap
    platform.wait(heard(customer))
    wait_for(lambda: len(platform.that(heard(customer))[-1].json()["data"]["holds"]) == 2, what="both holds to be told")
    before = platform.that(heard(customer))[-1].json()
    assert before["type"] == HELD
    assert before["data"]["holds"] == customer.holds()
    for question in customer.confirmations("pending"):
        choice = "continue" if question["kind"] == "confirm_destination" else "extend"
        seen = len(platform.that(heard(customer)))
        service.post(f"/v1/confirmations/{question['id']}", json={"choice": choice, "by": "care", "actor": "a"})
        latest = platform.wait(heard(customer), seen + 1)[-1].json()
        assert latest["data"]["holds"] == customer.holds()
    assert latest["type"] == RELEASED
    assert latest["data"]["holds"] == []


def test_the_sequence_of_a_customer_rises_with_every_change(service, platform):
    customer = held_at_cap(service)
    told(platform, customer)
    for count in range(2, 6):
        if count % 2 == 0:
            customer.answer("extend")
        else:
            customer.usage(megabytes(5), FR)
        told(platform, customer, count)
    events = told(platform, customer, 5)
    assert [event["type"] for event in events] == [HELD, RELEASED, HELD, RELEASED, HELD]
    assert all(before < after for before, after in zip(sequences(events), sequences(events)[1:]))
    assert len({event["id"] for event in events}) == 5


def test_a_customer_known_by_imsi_alone_is_named_by_it(service, platform):
    imsi = "234150000000777"
    result = service.result(new_event(ATTACH, {"subscriber": {"imsi": imsi}, "visitedNetwork": network(US)}))
    assert result["data"] == "held"
    [request] = platform.wait(lambda request: request.json()["data"]["subscriber"].get("imsi") == imsi)
    assert "msisdn" not in request.json()["data"]["subscriber"]
    assert request.json()["type"] == HELD


def test_many_holds_of_one_batch_are_each_told(service, platform):
    customers = [service.customer(caps=[monthly()]) for _ in range(40)]
    service.batch([customer.usage_event(megabytes(10), FR) for customer in customers])
    for customer in customers:
        assert words(told(platform, customer)[0]) == (HELD, ["data"], ["cap"])


def test_what_changes_no_hold_is_not_told(service, platform):
    customer = service.customer(caps=[monthly(), monthly("50.00", id="notice", atLimit="notify")])
    customer.attach(FR)
    customer.usage(megabytes(9), FR)
    customer.home()
    later = held_at_destination(service)
    told(platform, later)  # so there was time
    assert platform.that(about(customer)) == []


def test_events_delivered_again_are_told_once(service, platform):
    customer = held_at_cap(service)
    told(platform, customer)
    event = customer.last_event
    for _ in range(3):
        assert service.result(event)["outcome"] == "duplicate"
    service.batch([event, event])
    customer.usage(megabytes(1), FR)  # still held: nothing changes
    told(platform, held_at_cap(service))
    told(platform, customer, 1)


def test_what_the_platform_is_told_is_no_message_to_the_customer(service, platform):
    customer = held_at_cap(service)
    told(platform, customer)
    assert customer.kinds() == ["welcome", "confirm_cap"]


# ---- until it is heard


class Switch:
    """A platform that is out of order until it is mended."""

    def __init__(self):
        self.mended = threading.Event()

    def __call__(self, request):
        return 204 if self.mended.is_set() else 500


@pytest.fixture(scope="module")
def troubled(service, platform):
    """Customers about whom the platform answered badly at first, and one whose holds changed all the while."""
    first = {"500": 500, "503": 503, "429": (429, b"", {"Retry-After": "1"}), "no answer": None,
             "redirect": (302, b"", {"Location": platform.url("/elsewhere")})}
    found = {}
    for way, said in first.items():
        found[way] = service.customer(caps=[monthly()])
        BEHAVIOUR[found[way].msisdn] = in_turn(said, 204)
        found[way].usage(megabytes(10), FR)
    switch = Switch()
    found["superseded"] = changing = service.customer(caps=[monthly()])
    BEHAVIOUR[changing.msisdn] = switch
    changing.usage(megabytes(10), FR)
    platform.wait(lambda request: about(changing)(request) and request.status == 500)
    changing.answer("extend")
    changing.usage(megabytes(5), FR)
    switch.mended.set()
    return found


@pytest.mark.parametrize("way", ["500", "503", "429", "no answer", "redirect"])
def test_what_was_not_accepted_is_told_again_under_the_same_id_and_freshly_signed(troubled, platform, way):
    customer = troubled[way]
    platform.wait(heard(customer), seconds=25)
    first, second = platform.that(about(customer))
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == second.json()["id"]
    assert first.json()["data"]["sequence"] == second.json()["data"]["sequence"]
    assert is_signed(first, SECRET) and is_signed(second, SECRET)
    if way == "429":
        assert second.at - first.at >= 0.9


def test_a_redirection_is_not_followed(troubled, platform):
    platform.wait(heard(troubled["redirect"]), seconds=25)
    assert platform.that(lambda request: request.path == "/elsewhere") == []


def test_of_what_changed_meanwhile_only_the_newest_state_is_told(troubled, platform):
    customer = troubled["superseded"]
    platform.wait(heard(customer), seconds=25)
    time.sleep(0.5)
    [event] = told(platform, customer)
    assert event["type"] == HELD
    assert event["data"]["holds"] == customer.holds()
    assert event["data"]["sequence"] > platform.that(about(customer))[0].json()["data"]["sequence"]


def test_one_customers_trouble_delays_no_other(service, platform):
    unheard = service.customer(caps=[monthly()])
    BEHAVIOUR[unheard.msisdn] = lambda _: 500
    unheard.usage(megabytes(10), FR)
    platform.wait(about(unheard))
    for _ in range(5):
        told(platform, held_at_cap(service), seconds=3)


def test_a_customers_events_never_overtake_each_other(service, platform):
    customer = service.customer(caps=[monthly()])
    arrived = []

    def slowly(request):
        arrived.append(("in", request.json()["data"]["sequence"]))
        time.sleep(0.2)
        arrived.append(("out", request.json()["data"]["sequence"]))
        return 204

    BEHAVIOUR[customer.msisdn] = slowly
    customer.usage(megabytes(10), FR)
    for _ in range(3):
        customer.answer("extend")
        customer.usage(megabytes(5), FR)
    wait_for(lambda: any(request.json()["type"] == HELD and request.json()["data"]["holds"] == customer.holds()
                         for request in platform.that(heard(customer))), what="the newest state to be told")
    numbers = sequences(request.json() for request in platform.that(about(customer)))
    assert numbers == sorted(set(numbers))
    assert [what for what, _ in arrived] == ["in", "out"] * (len(arrived) // 2)  # one at a time


# ---- a platform that is not there


class Absent:
    """A service whose platform does not listen, and where it would."""

    def __init__(self, start):
        self.port = free_port()
        self.service = start("--platform.webhook-url", f"http://127.0.0.1:{self.port}/hooks",
                             "--platform.webhook-secret", OLD_SECRET)
        self.service.publish()
        self.quiet = self.signs()
        self.customers = [self.service.customer(caps=[monthly()]) for _ in range(20)]
        self.times = []
        for customer in self.customers:
            began = time.monotonic()
            customer.usage(megabytes(10), FR)
            self.times.append(time.monotonic() - began)

    def signs(self):
        """What operations can see of the platform: its checks and the metrics that name it."""
        checks = self.service.get("/readyz").json().get("checks", {})
        seen = {name: check.get("status") for name, check in checks.items() if re.search("platform|webhook", name)}
        for line in self.service.get("/metrics").text.splitlines():
            if re.search("platform|webhook", line) and re.search(TROUBLE, line) and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                seen[name] = float(value)
        return seen


@pytest.fixture(scope="module")
def absent(start):
    return Absent(start)


def test_a_dead_platform_slows_no_event(absent):
    assert max(absent.times) < 1
    assert sum(absent.times) < 5


def test_a_dead_platform_delays_no_message(absent):
    for customer in absent.customers:
        wait_for(lambda who=customer: who.notification("confirm_cap")["state"] == "delivered", 5, "the question")


def test_a_dead_platform_shows_and_takes_the_service_not_out_of_work(absent):
    def alarm():
        now = absent.signs()
        return {name: value for name, value in now.items() if value != absent.quiet.get(name, 0)
                and (not isinstance(value, str) or value != "pass")}

    assert wait_for(alarm, what="a sign that the platform does not listen")
    ready = absent.service.get("/readyz")
    assert ready.status_code == 200, ready.text


def test_after_a_restart_what_was_not_heard_is_told_signed_by_the_secret_of_today(absent, platform):
    service = absent.service
    changed, *others = absent.customers
    changed.answer("extend")
    service.kill()
    receiver = Receiver(port=absent.port)
    try:
        service.flags[service.flags.index(OLD_SECRET)] = SECRET
        service.start()
        for customer in others:
            [event] = told(receiver, customer, seconds=30)
            assert words(event) == (HELD, ["data"], ["cap"])
        last = receiver.wait(heard(changed), seconds=30)[-1].json()
        assert (last["type"], last["data"]["holds"]) == (RELEASED, [])
        for request in receiver.requests:
            assert is_signed(request, SECRET) and not is_signed(request, OLD_SECRET)
        assert service.stop() == 0  # and what was heard is not told again
        before = len(receiver.requests)
        service.start()
        told(receiver, held_at_cap(service))
        assert len(receiver.requests) == before + 1
    finally:
        receiver.close()


def test_the_log_holds_no_number_and_no_secret(service, platform, absent):
    customer = held_at_cap(service)
    told(platform, customer)
    numbers = [customer.msisdn[1:], *(other.msisdn[1:] for other in absent.customers)]
    for secret in [SECRET, OLD_SECRET, *(known.removeprefix("whsec_") for known in (SECRET, OLD_SECRET)), *numbers]:
        assert secret not in service.log()
        assert secret not in absent.service.log()


# ---- last, since it keeps the platform's ear for a while


def test_a_platform_that_never_answers_slows_nothing_and_lets_the_service_end(service, platform):
    hanging = threading.Event()
    try:
        for _ in range(12):
            customer = service.customer(caps=[monthly()])
            BEHAVIOUR[customer.msisdn] = lambda _: 204 if hanging.wait(5) else 500
            began = time.monotonic()
            customer.usage(megabytes(10), FR)
            customer.attach(DE)
            assert time.monotonic() - began < 1
            wait_for(lambda who=customer: who.notification("confirm_cap")["state"] == "delivered", 5, "the question")
        began = time.monotonic()
        assert service.stop(20) == 0
        assert time.monotonic() - began < 10
    finally:
        hanging.set()
