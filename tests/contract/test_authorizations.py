"""Authorizations: what may still be used before it is used, and how far; grants, their settlement and their end."""

import json
import math
import re
import time
from decimal import Decimal

import pytest

from answers import AT_ONCE, given, held_at_cap, held_at_destination, moment, publish
from blackbox import (AEROMOBILE, DE, ES, FR, HOME, JP, NL, SE, STRUCTURED, US, Service,
                      assert_problem, kilobytes, megabytes, money, monthly, network, new_event, now, run, spent)

ROAMING_ON = "org.camaraproject.device-roaming-status-subscriptions.v0.roaming-on"
GRANT_S, RESERVE_S = 1, 3


@pytest.fixture(scope="module")
def service(start):
    running = start()
    publish(running)
    return running


@pytest.fixture(scope="module")
def brief(start):
    """A service whose grants last a second and stay reserved for three more."""
    running = start("--authorizations.grant-for", f"{GRANT_S}s", "--authorizations.reserve-for", f"{RESERVE_S}s")
    publish(running)
    return running


def post(service, /, **body):
    return service.post("/v1/authorizations", json=body)


def ask(customer, plmn=None, service="data", **more):
    """What the platform is answered; `visitedNetwork` only where a network is given."""
    body = {"subscriber": {"msisdn": customer.msisdn}, "service": service, **more}
    if plmn:
        body["visitedNetwork"] = network(plmn)
    response = post(customer.service, **body)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert {"decision", "reason", "granted", "price", "confirmation"} <= set(answer)
    assert answer["decision"] in ("allow", "hold", "deny")
    assert re.fullmatch(r"[a-z][a-z_]*", answer["reason"])
    if answer["decision"] == "allow":
        assert answer["granted"] is None or moment(answer["granted"]["validUntil"]) > now()
    else:
        assert granted(answer) == 0
    return answer


def granted(answer):
    return answer["granted"]["quantity"] if answer["granted"] else 0


def named(confirmation):
    return confirmation["id"] if isinstance(confirmation, dict) else confirmation


def price_of(answer, service="data"):
    price = answer["price"].get(service, answer["price"])
    return price["amount"], price["currency"], price["per"]


@pytest.fixture(scope="module")
def most(service):
    """What is granted where no cap limits it, in bytes."""
    customer = service.customer()
    customer.attach(FR)
    return granted(ask(customer, FR))


def blocks(quantity, minimum, increment):
    """A quantity as it is charged."""
    return minimum + max(0, math.ceil((quantity - minimum) / increment)) * increment


# Network and service: the pounds with tax that a unit costs, the unit, the first block and the following ones.
ROWS = {"France": (FR, "data", "1.00", megabytes(1), megabytes(1), megabytes(1)),
        "Spain, small blocks": (ES, "data", "1.024", megabytes(1), kilobytes(100), kilobytes(10)),
        "Germany, in euros": (DE, "data", "2.00", megabytes(1), megabytes(1), megabytes(1)),
        "Netherlands, tax on top": (NL, "data", "1.20", megabytes(1), megabytes(1), megabytes(1)),
        "Japan": (JP, "data", "3.00", megabytes(1), megabytes(1), megabytes(1)),
        "Nordic zone": (SE, "data", "0.75", megabytes(1), megabytes(1), megabytes(1)),
        "calls received": (FR, "voice_mt", "0.06", 60, 1, 1),
        "calls made, at the dearest": (FR, "voice_mo", "6.00", 60, 60, 1),
        "texts": (FR, "sms_mo", "0.20", 1, 1, 1)}


def cost(row, quantity):
    _, _, price, unit, minimum, increment = ROWS[row]
    return Decimal(price) * blocks(quantity, minimum, increment) / unit if quantity else Decimal(0)


def capped(service, row, amount):
    plmn, what, *_ = ROWS[row]
    customer = service.customer(caps=[monthly(amount, services=[what])])
    customer.attach(plmn)
    return customer


# ---- how far a grant reaches


@pytest.mark.parametrize("amount", ["7.00", "12.34"])
@pytest.mark.parametrize("row", ROWS)
def test_a_grant_never_reaches_past_the_cap_at_the_price_in_force(service, most, row, amount):
    plmn, what, *_, increment = ROWS[row]
    answer = ask(capped(service, row, amount), plmn, what, requested=10**9)
    assert answer["decision"] == "allow"
    assert cost(row, granted(answer)) <= Decimal(amount)
    if what == "data" and granted(answer) < most:  # it was the cap that ended it, so it is worth having
        assert cost(row, 2 * granted(answer) + increment) > Decimal(amount)


@pytest.mark.parametrize("sessions", [1, 3])
@pytest.mark.parametrize("requested", [megabytes(1), megabytes(4), None], ids=["small", "large", "any"])
@pytest.mark.parametrize("row", ["France", "Spain, small blocks", "Germany, in euros", "Netherlands, tax on top"])
def test_all_grants_together_stay_within_the_cap_and_then_the_customer_is_asked(service, row, requested, sessions):
    plmn, what, *_ = ROWS[row]
    customer = capped(service, row, "10.00")
    had = dict.fromkeys((f"s-{n}" for n in range(sessions)), 0)
    last = dict(had)
    more = {} if requested is None else {"requested": requested}
    for step in range(200):
        session = f"s-{step % sessions}"
        answer = ask(customer, plmn, what, session=session, used=last[session], **more)
        if answer["decision"] != "allow":
            break
        last[session] = granted(answer)
        had[session] += last[session]
        assert sum(cost(row, quantity) for quantity in had.values()) <= 10
    assert answer["decision"] == "hold"
    assert customer.question()["kind"] == "confirm_cap"
    assert named(answer["confirmation"]) == customer.question()["id"]
    assert sum(had.values()) > 0
    events = [customer.usage_event(quantity, plmn, what, ago=AT_ONCE, session=session)
              for session, quantity in had.items()]
    customer.service.batch(events)
    customer.last_event = events[-1]
    assert spent(customer.cap()) <= 10
    assert customer.cap()["overrun"] == money("0.00")


@pytest.mark.parametrize("requested", [1, kilobytes(1), megabytes(1), megabytes(2)])
def test_no_more_is_granted_than_was_requested(service, most, requested):
    customer = capped(service, "France", "10.00")
    assert granted(ask(customer, FR, requested=requested)) == min(requested, most)


@pytest.mark.parametrize("used, limit", [(0, 10), (4, 6), (9, 1)])
def test_what_is_used_leaves_less_to_grant(service, used, limit):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(used), FR)
    answer = ask(customer, FR, requested=megabytes(100))
    assert 0 < granted(answer) <= megabytes(limit)
    assert price_of(answer) == ("1.00", "GBP", "MB")


@pytest.mark.parametrize("caps, limit", [
    ([monthly("50.00"), monthly("3.00", id="day", period="day")], megabytes(3)),
    ([monthly("3.00", id="day", period="day"), monthly("50.00")], megabytes(3)),
    ([{"id": "volume", "services": ["data"], "volume": "2 MB", "period": "month"}, monthly("50.00")], megabytes(2)),
    ([monthly("2.00", destinations=["FR"]), monthly("50.00", id="all")], megabytes(2)),
    ([monthly("4.00", stages=["4.00", "9.00"], extension=None)], megabytes(4))],
    ids=["second", "first", "volume", "destination", "stage"])
def test_of_several_caps_the_narrowest_ends_the_grant(service, caps, limit):
    customer = service.customer(caps=caps)
    customer.attach(FR)
    assert 0 < granted(ask(customer, FR, requested=megabytes(100))) <= limit


def test_without_a_cap_a_grant_has_its_greatest_size(service, most):
    customers = [service.customer(), service.customer(caps=[monthly("1.00", services=["sms_mo"])]),
                 service.customer(caps=[monthly("1.00", destinations=["JP"])])]
    for customer in customers:
        customer.attach(FR)
        assert granted(ask(customer, FR, requested=10**15)) == most
    assert 0 < most < 10**12


def test_after_consent_the_next_stage_may_be_granted(service):
    customer = held_at_cap(service)
    assert ask(customer, FR)["decision"] == "hold"
    customer.answer("extend")
    assert 0 < granted(ask(customer, FR, requested=megabytes(100))) <= megabytes(5)


def test_asking_counts_nothing_and_sends_nothing(service):
    customer = service.customer(caps=[monthly()])
    customer.attach(FR)
    before = customer.kinds()
    for _ in range(3):
        ask(customer, FR, session="s-1", requested=megabytes(1))
    assert spent(customer.cap()) == 0
    assert customer.kinds() == before


# ---- allow, hold, deny


def declined(hold):
    def refused(service):
        customer = hold(service)
        customer.answer("decline")
        return customer
    return refused


def barred(service):
    customer = service.customer(dataRoaming="barred")
    customer.attach(FR)
    return customer


def free(service):
    customer = service.customer(caps=[monthly()])
    customer.attach(FR)
    return customer


def at_home(hold):
    def back(service):
        customer = hold(service)
        customer.home()
        return customer
    return back


@pytest.mark.parametrize("state, place, decisions", [
    (free, FR, {"allow"}), (free, None, {"allow"}), (held_at_cap, FR, {"hold"}), (held_at_cap, None, {"hold"}),
    (held_at_cap, DE, {"hold"}), (held_at_destination, US, {"hold"}), (held_at_destination, None, {"hold"}),
    (held_at_destination, FR, {"allow"}), (free, US, {"hold"}), (free, AEROMOBILE, {"hold"}),
    (free, "299-01", {"hold"}),
    (declined(held_at_cap), FR, {"deny"}), (declined(held_at_destination), US, {"deny"}), (barred, FR, {"deny"}),
    (free, HOME, {"allow"}), (at_home(held_at_cap), HOME, {"allow"}), (at_home(held_at_cap), None, {"allow"}),
    (at_home(held_at_destination), None, {"allow"})],
    ids=["free", "free, no network told", "at the cap", "at the cap, no network told", "at the cap, elsewhere", "dear",
         "dear, no network told", "left a dear place", "about to use a dear place", "about to use in flight",
         "at an unknown place", "cap declined", "place declined", "barred", "at home", "cap asleep at home",
         "at home, no network told", "back from a dear place"])
def test_the_decision_follows_the_customers_state(service, state, place, decisions):
    customer = state(service)
    answer = ask(customer, place)
    assert answer["decision"] in decisions
    if answer["decision"] == "hold":
        assert named(answer["confirmation"]) in [item["id"] for item in customer.confirmations("pending")]
    else:
        assert answer["confirmation"] is None


@pytest.mark.parametrize("state", [free, held_at_cap, held_at_destination, declined(held_at_cap),
                                   declined(held_at_destination), barred, at_home(held_at_cap)],
                         ids=["free", "at the cap", "dear", "cap declined", "place declined", "barred", "at home"])
@pytest.mark.parametrize("what", ["data", "voice_mo"])
def test_an_emergency_is_always_allowed(service, state, what):
    customer = state(service)
    questions = len(customer.confirmations())
    answer = post(service, subscriber={"msisdn": customer.msisdn}, service=what, emergency=True)
    assert answer.status_code == 200, answer.text
    assert answer.json()["decision"] == "allow"
    assert len(customer.confirmations()) == questions


def test_a_hold_covers_only_the_services_of_its_cap(service):
    customer = held_at_cap(service)
    assert ask(customer, FR, "sms_mo", requested=1)["decision"] == "allow"
    assert ask(customer, FR, "voice_mt", requested=60)["decision"] == "allow"


def test_asking_again_while_held_asks_the_customer_once(service):
    customer = service.customer(caps=[monthly("500.00")])
    customer.attach(FR)
    identities = {named(ask(customer, US)["confirmation"]) for _ in range(3)}
    assert identities == {customer.question()["id"]}
    assert customer.kinds().count("confirm_destination") == 1


def test_a_stranger_is_protected_like_any_customer(service):
    stranger = service.stranger()
    stranger.attach(FR)
    assert 0 < granted(ask(stranger, FR, requested=megabytes(1000))) <= megabytes(50)  # the regime's 50.00


def test_between_roaming_on_and_the_country_the_default_row_counts(service):
    customer = service.customer(caps=[monthly("20.00")])
    about = {"subscriptionId": f"of {customer.msisdn}", "device": {"phoneNumber": customer.msisdn}}
    event = new_event(ROAMING_ON, about, source="https://notify.operator.example")
    response = service.post("/camara/notifications", data=json.dumps(event), headers={"Content-Type": STRUCTURED})
    assert response.status_code == 204, response.text
    answer = ask(customer, requested=megabytes(100))
    assert price_of(answer) == ("8.00", "GBP", "MB")
    assert granted(answer) <= megabytes(2)


# ---- passes


@pytest.mark.parametrize("changes, limit", [({"allowance": "8 MB"}, 8), ({"allowance": "8 MB", "used": "5 MB"}, 3)])
def test_where_only_a_pass_opens_the_place_a_grant_ends_with_it(service, changes, limit):
    customer = given(service.customer(caps=[monthly("500.00")]), destinations=["US"], **changes)
    customer.attach(US)
    answer = ask(customer, US, requested=megabytes(100))
    assert answer["decision"] == "allow"
    assert granted(answer) <= megabytes(limit)


def test_an_unlimited_pass_is_limited_by_the_greatest_grant_alone(service, most):
    customer = given(service.customer(caps=[monthly("1.00")]), allowance="unlimited")
    customer.attach(FR)
    assert granted(ask(customer, FR, requested=10**12)) == most


def test_allowance_and_cap_together_end_a_grant(service):
    customer = given(service.customer(caps=[monthly("5.00")]), allowance="8 MB")
    customer.attach(FR)
    assert 0 < granted(ask(customer, FR, requested=megabytes(100))) <= megabytes(13)


def test_a_pass_used_up_by_grants_is_not_granted_twice(service):
    customer = given(service.customer(caps=[monthly("500.00")]), destinations=["US"], allowance="8 MB")
    customer.attach(US)
    total = sum(granted(ask(customer, US, session=f"s-{n}", requested=megabytes(5))) for n in range(4))
    assert 0 < total <= megabytes(8)


# ---- open grants, and how they end


def all_granted(customer, session="s-1"):
    """Takes everything that the cap of 10.00 leaves in France."""
    total = 0
    while total < megabytes(10):
        answer = ask(customer, FR, session=session, used=granted(answer) if total else 0,
                     requested=megabytes(10) - total)
        assert granted(answer) > 0, answer
        total += granted(answer)
    return total


@pytest.fixture
def drained(service):
    customer = free(service)
    all_granted(customer)
    return customer


def test_what_another_session_may_still_use_is_not_granted_again(drained):
    answer = ask(drained, FR, session="s-2", requested=megabytes(1))
    assert answer["decision"] == "hold"
    assert drained.question()["kind"] == "confirm_cap"
    assert named(answer["confirmation"]) == drained.question()["id"]


@pytest.mark.parametrize("text, decision", [("extend", "allow"), ("decline", "deny")])
def test_who_is_asked_because_of_grants_decides_like_any_other(drained, text, decision):
    ask(drained, FR, session="s-2", requested=megabytes(1))
    drained.answer(text)
    assert ask(drained, FR, session="s-2", requested=megabytes(1))["decision"] == decision


@pytest.mark.parametrize("requested, used, left", [(8, 2, 8), (8, 0, 10), (8, 8, 2), (3, 1, 9)])
def test_a_final_report_gives_back_what_was_not_used(service, most, requested, used, left):
    customer = free(service)
    first = ask(customer, FR, session="s-1", requested=min(megabytes(requested), most))
    used = min(megabytes(used), granted(first))
    post(service, subscriber={"msisdn": customer.msisdn}, visitedNetwork=network(FR), service="data", session="s-1",
         used=used, final=True)
    second = granted(ask(customer, FR, session="s-2", requested=megabytes(100)))
    assert 0 < second <= megabytes(10) - used
    assert second >= min(megabytes(left), most)


@pytest.mark.parametrize("quantity", [0, 1, 3, 4])
def test_usage_of_the_session_settles_its_grant(service, most, quantity):
    customer = free(service)
    ask(customer, FR, session="s-1", requested=min(megabytes(4), most))
    customer.usage(megabytes(quantity), FR, ago=AT_ONCE, session="s-1")
    second = granted(ask(customer, FR, session="s-2", requested=megabytes(100)))
    assert second <= megabytes(10 - quantity)
    assert second >= min(megabytes(6), most)  # the same megabytes are not counted twice


def test_usage_reported_and_recorded_counts_once(service, most):
    customer = free(service)
    took = granted(ask(customer, FR, session="s-1", requested=min(megabytes(4), most)))
    report = {"subscriber": {"msisdn": customer.msisdn}, "visitedNetwork": network(FR), "service": "data",
              "session": "s-1", "used": took, "final": True}
    assert post(service, **report).status_code == 200
    customer.usage(took, FR, ago=AT_ONCE, session="s-1")
    second = granted(ask(customer, FR, session="s-2", requested=megabytes(100)))
    assert min(megabytes(10) - took, most) <= second <= megabytes(10) - took


def test_usage_of_another_session_settles_no_grant(service, most):
    customer = free(service)
    took = granted(ask(customer, FR, session="s-1", requested=min(megabytes(4), most)))
    customer.usage(megabytes(3), FR, ago=AT_ONCE, session="s-9")
    assert granted(ask(customer, FR, session="s-2", requested=megabytes(100))) <= megabytes(7) - took


def test_grants_are_remembered_through_a_sudden_end(start):
    service = start()
    publish(service)
    customer = free(service)
    all_granted(customer)
    service.kill()
    service.start()
    answer = ask(customer, FR, session="s-2", requested=megabytes(1))
    assert answer["decision"] == "hold"
    assert customer.question()["kind"] == "confirm_cap"


def test_a_grant_is_valid_for_the_configured_time(brief):
    answer = ask(free(brief), FR)
    assert moment(answer["granted"]["validUntil"]).timestamp() - now().timestamp() <= GRANT_S


@pytest.mark.parametrize("after_s, decision", [(GRANT_S + 0.5, "hold"), (GRANT_S + RESERVE_S + 0.5, "allow")],
                         ids=["reserved", "free again"])
def test_an_expired_grant_stays_reserved_for_a_while(brief, after_s, decision):
    customer = free(brief)
    all_granted(customer)
    time.sleep(after_s)  # only the clock ends it
    assert ask(customer, FR, session="s-2", requested=megabytes(1))["decision"] == decision


def test_late_usage_under_grants_overruns_by_at_most_one_grant(brief):
    customer = free(brief)
    first = all_granted(customer)
    time.sleep(GRANT_S + RESERVE_S + 0.5)
    second = granted(ask(customer, FR, session="s-2", requested=megabytes(100)))
    events = [customer.usage_event(quantity, FR, ago=AT_ONCE, session=session)
              for session, quantity in (("s-1", first), ("s-2", second))]
    brief.batch(events)
    customer.last_event = events[-1]
    assert spent(customer.cap()) - 10 <= Decimal(second) / megabytes(1)


# ---- what is refused


GOOD = {"subscriber": {"msisdn": "+447700900999"}, "visitedNetwork": network(FR), "service": "data", "requested": 1000,
        "session": "s-1", "used": 0}


@pytest.mark.parametrize("change, field", [
    ({"subscriber": None}, "subscriber"), ({"subscriber": {}}, "subscriber"),
    ({"subscriber": "+447700900999"}, "subscriber"),
    ({"subscriber": {"msisdn": "447700900999"}}, "msisdn"), ({"subscriber": {"msisdn": 447700900999}}, "msisdn"),
    ({"subscriber": {"imsi": "23415"}}, "imsi"), ({"service": None}, "service"), ({"service": "fax"}, "service"),
    ({"service": ["data"]}, "service"), ({"visitedNetwork": {"mcc": 208, "mnc": "09"}}, "mcc"),
    ({"visitedNetwork": {"mcc": "208"}}, "mnc"), ({"visitedNetwork": "208-09"}, "visitedNetwork"),
    ({"requested": -1}, "requested"), ({"requested": "1000"}, "requested"), ({"requested": 1.5}, "requested"),
    ({"requested": True}, "requested"), ({"used": -1}, "used"),
    ({"used": "0"}, "used"), ({"session": 7}, "session"), ({"session": ""}, "session"),
    ({"session": "s" * 5000}, "session"), ({"final": "yes"}, "final"), ({"final": 1}, "final"),
    ({"emergency": "no"}, "emergency"), ({"emergency": 1}, "emergency")], ids=lambda value: str(value)[:40])
def test_a_question_that_breaks_a_rule_is_refused_and_the_field_named(service, change, field):
    body = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    problem = assert_problem(post(service, **body), (400, 422), field)
    assert all(fault["pointer"].startswith("/") for fault in problem.get("errors", []))


@pytest.mark.parametrize("body, status", [("{", 400), ("", 400), ("[]", (400, 422)), ("null", (400, 422)),
                                          ("[" * 5000, 400), ('{"service":"data","service":"data"}', (400, 422))],
                         ids=lambda value: str(value)[:12])
def test_what_is_no_question_is_refused(service, body, status):
    response = service.post("/v1/authorizations", data=body, headers={"Content-Type": "application/json"})
    assert_problem(response, status)


@pytest.mark.parametrize("role, status", [("platform", 200), ("admin", 200), ("gateway", 403), ("care", 403),
                                          ("product", 403), ("approver", 403), (None, 401)])
def test_only_the_platform_may_ask(tmp_path, role, status):
    service = Service(tmp_path)
    try:
        keys = {each: re.search(r"rg_\S+", run("keys", "create", "--role", each, "--store", service.store).stdout)[0]
                for each in filter(None, {"admin", role})}
        service.key = keys["admin"]
        service.http = service.session()
        service.start()
        publish(service)
        service.http.headers.pop("Authorization")
        if role:
            service.http.headers["Authorization"] = f"Bearer {keys[role]}"
        response = post(service, **GOOD)
        if status == 200:
            assert response.status_code == 200, response.text
        else:
            assert_problem(response, status)
    finally:
        service.kill()
