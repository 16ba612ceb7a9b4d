"""Asking before usage, over HTTP: the answer's shape, how it is refused, what is kept of it, and that it outlives the
process."""

import pytest

from blackbox import FR, HOME, US, assert_problem, megabytes, money, monthly, network, now, wait_for


def ask(customer, service="data", **more):
    body = {"subscriber": {"msisdn": customer.msisdn}, "service": service, **more}
    return customer.service.post("/v1/authorizations", json=body)


def answer(customer, service="data", **more):
    response = ask(customer, service, **more)
    assert response.status_code == 200, response.text
    assert set(response.json()) == {"decision", "reason", "granted", "price", "pass", "confirmation"}
    return response.json()


def granted(customer, **more):
    told = answer(customer, **more)
    assert told["decision"] == "allow", told
    return told["granted"]["quantity"]


@pytest.fixture
def traveller(service):
    customer = service.customer(caps=[monthly("10.00")])
    customer.attach(FR)
    return customer


def test_a_grant_says_how_much_until_when_and_at_what_price(traveller):
    told = answer(traveller, requested=megabytes(4), session="s-1")
    assert (told["decision"], told["reason"]) == ("allow", "within_caps")
    assert told["granted"]["quantity"] == megabytes(4)
    assert told["granted"]["validUntil"] > now().isoformat()[:19]
    assert told["price"] == {**money("1.00"), "per": "MB"}
    assert told["pass"] is None and told["confirmation"] is None


def test_the_grants_of_all_sessions_together_reach_the_cap_exactly(traveller):
    assert granted(traveller, requested=megabytes(6), session="s-1") == megabytes(6)
    assert granted(traveller, requested=megabytes(6), session="s-2") == megabytes(4)
    told = answer(traveller, requested=1, session="s-3")
    assert (told["decision"], told["reason"], told["granted"]) == ("hold", "cap_reached", None)
    assert told["confirmation"]["id"] == traveller.question()["id"]
    assert traveller.notification("confirm_cap")["text"]


def test_what_was_not_used_is_free_for_the_next(traveller):
    granted(traveller, session="s-1")
    told = answer(traveller, session="s-1", used=megabytes(3), final=True)
    assert (told["decision"], told["reason"], told["granted"]) == ("allow", "final", None)
    assert granted(traveller, session="s-2") == megabytes(7)
    assert traveller.usage(megabytes(3), FR, session="s-1")["caps"][0]["used"]["amount"] == "3.00"
    assert answer(traveller, session="s-2", used=0)["granted"]["quantity"] == megabytes(7)


def test_a_dear_network_is_asked_about_before_the_first_byte(service):
    customer = service.customer(caps=[monthly("500.00")])
    told = answer(customer, visitedNetwork=network(US), requested=megabytes(1))
    assert (told["decision"], told["granted"]) == ("hold", None)
    assert told["confirmation"]["id"] == customer.question()["id"]
    assert customer.notification("confirm_destination")["text"]
    customer.answer("continue")
    assert granted(customer, visitedNetwork=network(US), requested=megabytes(1)) == megabytes(1)


def test_at_home_nothing_is_limited_and_nothing_is_kept(service):
    customer = service.customer(caps=[monthly("10.00")])
    before = len(customer.timeline())
    assert answer(customer, visitedNetwork=network(HOME))["granted"] is None
    assert answer(customer, emergency=True)["reason"] == "emergency"
    assert len(customer.timeline()) == before


def test_a_grant_stands_in_the_evidence(traveller):
    granted(traveller, requested=megabytes(2), session="s-1")
    entry = next(one for one in traveller.timeline() if one["kind"] == "authorization")
    assert entry["entry"]["asked"]["requested"] == megabytes(2)
    assert entry["entry"]["answer"]["granted"] == megabytes(2)
    assert "within_caps" in entry["summary"]
    assert traveller.verified()


def test_what_is_reserved_outlives_the_process(start):
    service = start()
    service.publish()
    customer = service.customer(caps=[monthly("10.00")])
    customer.attach(FR)
    assert granted(customer, requested=megabytes(6), session="s-1") == megabytes(6)
    service.kill()
    service.start()
    assert granted(customer, session="s-2") == megabytes(4)
    assert customer.usage(megabytes(6), FR, session="s-1")["data"] == "allowed"


def test_what_was_not_recorded_in_time_is_free_again_and_releases(start):
    service = start("--authorizations.grant-for", "1s", "--authorizations.reserve-for", "1s")
    service.publish()
    customer = service.customer(caps=[monthly("10.00")])
    customer.attach(FR)
    granted(customer, session="s-1")
    assert answer(customer, session="s-2")["decision"] == "hold"
    wait_for(lambda: customer.notifications("released"), what="the release")
    assert granted(customer, session="s-2") == megabytes(10)


@pytest.mark.parametrize("change, field", [
    ({"service": "fax"}, "service"), ({"service": None}, "service"), ({"requested": 0}, "requested"),
    ({"requested": 1.5}, "requested"), ({"used": -1}, "used"), ({"final": "yes"}, "final"),
    ({"subscriber": {}}, "subscriber"), ({"subscriber": {"msisdn": "00447700900001"}}, "msisdn"),
    ({"visitedNetwork": {"mcc": 208, "mnc": "09"}}, "mcc"), ({"session": ""}, "session"),
    ({"called": "home"}, "called"), ({"quantity": 5}, "quantity")])
def test_what_breaks_a_rule_is_refused_and_named(traveller, change, field):
    problem = assert_problem(ask(traveller, **{"service": "data", **change}), 422, field)
    assert all(fault["pointer"].startswith("/") for fault in problem["errors"])


@pytest.mark.parametrize("body, status", [("{", 400), ("[]", 422), ("7", 422)])
def test_what_is_no_request_is_refused(service, body, status):
    assert_problem(service.post("/v1/authorizations", data=body, headers={"Content-Type": "application/json"}), status)


@pytest.mark.parametrize("option, value", [("max-grant", "30m"), ("max-grant", "0 MB"), ("max-grant-voice", "0s"),
                                           ("max-grant-messages", "0"), ("grant-for", "0s"), ("reserve-for", "soon")])
def test_a_grant_option_that_makes_no_sense_stops_the_program(start, option, value):
    with pytest.raises(AssertionError, match=f"authorizations.{option}"):
        start(f"--authorizations.{option}", value)
