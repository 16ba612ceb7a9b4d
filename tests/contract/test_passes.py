"""Passes: what is offered, bought, covered, used up and told of; bundles that were bought elsewhere."""

import json
import re
import threading
from datetime import timedelta, timezone
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest

from answers import (AT_ONCE, WAYS, bundle, by_care, choices, confirm, given, held_at_cap, held_at_destination, moment,
                     number_of, only_pass, passes, publish, put_pass, say, size, state_of)
from blackbox import (AEROMOBILE, BE, DE, FR, JP, LONDON, SE, US, amount_of, assert_problem, megabytes, money, monthly,
                      now, rfc3339, spent, wait_for)
from receiver import Receiver, is_signed, new_secret

RELEASED, CHARGE = "org.roamguard.data.released.v1", "org.roamguard.charge.requested.v1"
SECRET = new_secret()
BEHAVIOUR = {}  # how the platform answers about a number; 204 for all others
UNREAD = ("helped", "silent")


@pytest.fixture(scope="module")
def platform():
    receiver = Receiver(lambda request: BEHAVIOUR.get(request.json()["data"]["subscriber"].get("msisdn"),
                                                      lambda _: 204)(request))
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def service(start, platform):
    running = start("--platform.webhook-url", platform.url("/roamguard"), "--platform.webhook-secret", SECRET)
    publish(running)
    return running


def heard(customer, kind):
    return lambda request: (request.accepted() and request.json()["type"] == kind
                            and request.json()["data"]["subscriber"].get("msisdn") == customer.msisdn)


def buy(customer, identity):
    """Takes the pass by care; how it stands then."""
    customer.answer(f"pass:{identity}")
    return only_pass(customer)


def held_at_cap_in(place, count=20):
    def held(service, **profile):
        customer = service.customer(**{"caps": [monthly()], **profile})
        customer.usage(megabytes(count), place)
        return customer
    return held


def held_on_entering(place):
    def held(service, **profile):
        customer = service.customer(**{"caps": [monthly("500.00")], **profile})
        customer.attach(place)
        return customer
    return held


# ---- what is offered


FRENCH = ["pass:fr-day", "pass:fr-euro", "pass:fr-hour", "pass:fr-big"]  # 2.00, EUR 2.90 (2.42), 3.00, 6.00


@pytest.mark.parametrize("hold, profile, offered", [
    (held_at_cap_in(FR), {}, ["extend", *FRENCH, "decline"]),
    (held_at_cap_in(FR, 40), {"plan": "gold"}, ["extend", "pass:fr-gold", *FRENCH, "decline"]),
    (held_at_cap_in(SE), {}, ["extend", "pass:nordic", "decline"]),
    (held_at_cap_in(DE), {}, ["extend", "decline"]),
    (held_on_entering(US), {}, ["pass:us-day", "continue", "decline"]),
    (held_on_entering(AEROMOBILE), {}, ["pass:air", "continue", "decline"]),
    (held_on_entering(BE), {"highCostPerMegabyte": money("3.00")}, ["continue", "decline"])],
    ids=["cap in France", "with another plan", "by zone", "none in Germany", "USA", "in flight", "none in Belgium"])
def test_the_passes_valid_there_are_offered_cheapest_first(service, hold, profile, offered):
    assert choices(hold(service, **profile).question()) == offered


@pytest.mark.parametrize("hold, names", [(held_at_cap, {"France day": "2.00", "France week": "6.00"}),
                                         (held_at_destination, {"America day": "4.00"})])
def test_each_pass_is_printed_under_its_number_with_name_and_price(service, hold, names):
    customer = hold(service)
    question = customer.question()
    text = customer.notification(question["kind"])["text"]
    lines = {int(found[1]): found[2] for found in re.finditer(r"^(\d) (.+)$", text, re.MULTILINE)}
    assert set(lines) == {choice["number"] for choice in question["choices"]}
    for name, price in names.items():
        [number] = [number for number, line in lines.items() if name in line]
        assert price in lines[number]
        assert choices(question)[number - 1].startswith("pass:")


@pytest.mark.parametrize("text", ["YES", "是", "Y"])
@pytest.mark.parametrize("hold", [held_at_cap, held_at_destination])
def test_a_yes_is_no_answer_where_several_choices_cost_something(service, hold, text):
    customer = hold(service)
    assert say(customer, text)["outcome"] in UNREAD
    assert customer.question()["state"] == "pending"
    assert customer.peek()["data"] == "held"
    assert passes(customer) == []


@pytest.mark.parametrize("choice", ["pass:us-day", "pass:fr-gold", "pass:none", "pass:", "pass", "fr-day",
                                    "PASS:fr-day"])
def test_a_pass_that_was_not_offered_cannot_be_bought(service, choice):
    customer = held_at_cap(service)
    assert_problem(confirm(service, customer.question()["id"], choice), (400, 422), "choice")
    assert customer.question()["state"] == "pending"
    assert passes(customer) == []


# ---- bought


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("hold, identity, place", [(held_at_cap, "fr-day", FR), (held_at_cap, "fr-big", FR),
                                                   (held_at_destination, "us-day", US)])
def test_a_pass_is_bought_by_every_way_of_answering(service, platform, way, hold, identity, place):
    customer = hold(service)
    question = customer.question()
    before = customer.cap()
    WAYS[way](customer, question, f"pass:{identity}")
    assert state_of(customer, question["id"]) == "confirmed"
    assert customer.peek()["data"] == "allowed"
    assert customer.holds() == []
    assert only_pass(customer)["pass"] == identity
    assert customer.kinds().count("receipt") == 1
    assert customer.cap() == before  # its price counts for no cap, and no stage is opened
    assert len(platform.wait(heard(customer, CHARGE))) == 1
    assert customer.usage(megabytes(1), place, ago=AT_ONCE)["data"] == "allowed"
    assert customer.cap() == before
    assert customer.verified()


@pytest.mark.parametrize("hold", [held_at_cap, held_at_destination])
@pytest.mark.parametrize("way", WAYS)
def test_who_declines_buys_nothing(service, platform, way, hold):
    customer = hold(service)
    WAYS[way](customer, customer.question(), "decline")
    assert customer.peek()["data"] == "blocked"
    assert passes(customer) == []
    other = held_at_cap(service)
    buy(other, "fr-day")
    platform.wait(heard(other, CHARGE))  # so there was time
    assert platform.that(heard(customer, CHARGE)) == []


def test_the_other_choices_still_do_what_they_did(service):
    capped, abroad = held_at_cap(service), held_at_destination(service)
    by_care(capped, capped.question(), "extend")
    by_care(abroad, abroad.question(), "continue")
    for customer, stage in ((capped, 2), (abroad, 1)):
        assert customer.peek()["data"] == "allowed"
        assert customer.cap()["stage"] == stage
        assert passes(customer) == []


@pytest.mark.parametrize("identity, length, allowance", [("fr-day", timedelta(hours=24), "5 MB"),
                                                         ("fr-hour", timedelta(hours=1), "unlimited"),
                                                         ("fr-big", timedelta(days=7), "10 MB")])
def test_a_rolling_pass_starts_at_the_confirmation_and_lasts_its_validity(service, identity, length, allowance):
    customer = held_at_cap(service)
    before = now() - timedelta(milliseconds=1)
    bought = buy(customer, identity)
    assert before <= moment(bought["from"]) <= now() + timedelta(milliseconds=1)
    assert moment(bought["until"]) - moment(bought["from"]) == length
    assert size(bought["allowance"]) == size(allowance)
    assert size(bought["used"]) == 0
    assert bought["name"]
    assert bought["state"]


@pytest.mark.parametrize("identity, zone, days", [("jp-home", LONDON, 1), ("jp-week", LONDON, 7),
                                                  ("jp-local", ZoneInfo("Asia/Tokyo"), 1)])
def test_a_pass_by_calendar_days_ends_at_a_midnight_of_its_place(service, identity, zone, days):
    customer = held_at_cap_in(JP)(service)
    bought = buy(customer, identity)
    began, ends = (moment(bought[side]).astimezone(zone) for side in ("from", "until"))
    assert (ends.hour, ends.minute, ends.second, ends.microsecond) == (0, 0, 0, 0)
    assert (ends.date() - began.date()).days == days


def test_the_offset_of_the_first_covered_record_names_the_local_midnight(service):
    customer = held_at_cap_in(JP)(service)
    buy(customer, "jp-local")
    there = timezone(timedelta(hours=9))
    event = customer.usage_event(megabytes(1), JP)
    customer.tell({**event, "time": now().astimezone(there).isoformat(timespec="milliseconds")})
    covered = only_pass(customer)
    assert size(covered["used"]) == megabytes(1)
    ends = moment(covered["until"]).astimezone(there)
    assert (ends.hour, ends.minute, ends.second) == (0, 0, 0)
    assert timedelta(0) < ends - moment(covered["from"]) <= timedelta(days=1)


@pytest.mark.parametrize("started, ago, cost", [(None, AT_ONCE, 0), (None, timedelta(minutes=2), 10),
                                                (timedelta(minutes=2), AT_ONCE, 10)],
                         ids=["after it", "before it", "begun before it"])
def test_a_pass_covers_usage_that_starts_from_the_confirmation(service, started, ago, cost):
    customer = held_at_destination(service)
    buy(customer, "us-day")
    more = {"startedAt": rfc3339(now() - started)} if started else {}
    customer.usage(megabytes(1), US, ago=ago, **more)
    assert spent(customer.cap()) == cost
    assert size(only_pass(customer)["used"]) == (0 if cost else megabytes(1))


def test_a_pass_opens_no_network_it_does_not_cover(service):
    customer = held_at_cap(service)
    buy(customer, "fr-big")
    assert customer.attach(DE, ago=AT_ONCE)["data"] == "held"
    customer.usage(megabytes(1), DE, ago=AT_ONCE)
    assert spent(customer.cap()) == 12
    assert size(only_pass(customer)["used"]) == 0


@pytest.mark.parametrize("order", permutations((3, 3, 1)), ids=str)
def test_whatever_the_order_a_pass_covers_its_allowance_and_no_more(service, order):
    customer = held_at_cap(service)
    buy(customer, "fr-day")
    for count in order:
        customer.usage(megabytes(count), FR, ago=AT_ONCE)
    assert spent(customer.cap()) == 12  # of 7 MB the pass covers 5
    assert size(only_pass(customer)["used"]) == megabytes(5)


def test_without_a_platform_a_pass_is_bought_all_the_same(start):
    service = start()
    publish(service)
    customer = held_at_cap(service)
    buy(customer, "fr-day")
    assert customer.usage(megabytes(4), FR, ago=AT_ONCE)["data"] == "allowed"
    assert spent(customer.cap()) == 10
    assert customer.notification("receipt")


def test_a_pass_stands_after_a_sudden_end(start):
    service = start()
    publish(service)
    customer = held_at_cap(service)
    before = buy(customer, "fr-day")
    service.kill()
    service.start()
    assert only_pass(customer) == before
    customer.usage(megabytes(1), FR, ago=AT_ONCE)
    assert spent(customer.cap()) == 10
    assert customer.verified()


# ---- used up


@pytest.mark.parametrize("hold, identity, place, count, before, price", [
    (held_at_cap, "fr-day", FR, 5, 10, 1), (held_at_destination, "us-day", US, 20, 0, 10)])
def test_a_pass_used_up_is_told_once_asks_anew_and_is_never_renewed(service, platform, hold, identity, place, count,
                                                                    before, price):
    customer = hold(service)
    first = customer.question()
    fresh = buy(customer, identity)
    told = []
    for part in (count // 5 * 3, count // 5, count - count // 5 * 4):  # 60 %, 80 %, 100 %
        told.append((customer.usage(megabytes(part), place, ago=AT_ONCE)["data"],
                     customer.kinds().count("pass_threshold"), customer.kinds().count("pass_ended")))
    assert told == [("allowed", 0, 0), ("allowed", 1, 0), ("held", 1, 1)]
    assert spent(customer.cap()) == before
    again = customer.question()
    assert (again["kind"], choices(again)) == (first["kind"], choices(first))
    assert again["id"] != first["id"]
    assert customer.service.result(customer.last_event)["outcome"] == "duplicate"
    assert customer.usage(megabytes(1), place, ago=AT_ONCE)["data"] == "held"
    assert spent(customer.cap()) == before + price
    ended = only_pass(customer)
    assert (size(ended["used"]), ended["id"]) == (megabytes(count), fresh["id"])
    assert ended["state"] != fresh["state"]
    assert [customer.kinds().count(kind) for kind in ("pass_threshold", "pass_ended", "receipt")] == [1, 1, 1]
    assert len(platform.wait(heard(customer, CHARGE))) == 1
    assert customer.verified()


def test_one_record_that_uses_all_ends_the_pass_once(service):
    customer = held_at_cap(service)
    buy(customer, "fr-day")
    assert customer.usage(megabytes(6), FR, ago=AT_ONCE)["data"] == "held"
    assert customer.kinds().count("pass_ended") == 1
    assert spent(customer.cap()) == 11


def test_a_second_pass_is_bought_by_a_second_answer(service, platform):
    customer = held_at_cap(service)
    buy(customer, "fr-day")
    customer.usage(megabytes(5), FR, ago=AT_ONCE)
    customer.answer("pass:fr-day")
    assert len({item["id"] for item in passes(customer)}) == 2
    assert len(platform.wait(heard(customer, CHARGE), 2)) == 2
    assert customer.usage(megabytes(5), FR, ago=AT_ONCE)["data"] == "held"
    assert customer.kinds().count("pass_ended") == 2
    assert spent(customer.cap()) == 10


def test_what_a_pass_covers_still_counts_for_a_cap_of_volume(service):
    volume = {"id": "volume", "services": ["data"], "volume": "10 MB", "period": "month", "thresholds": [80, 100]}
    customer = given(service.customer(caps=[volume]))
    assert customer.usage(megabytes(8), FR, ago=AT_ONCE)["caps"][0]["percent"] == 80


def test_when_its_time_is_over_a_pass_is_told_once_and_the_hold_binds_again(service):
    customer = service.customer(caps=[monthly("500.00")])
    given(customer, destinations=["US"], until=rfc3339(now() + timedelta(seconds=3)))
    assert customer.attach(US)["data"] == "allowed"
    wait_for(lambda: now() > moment(only_pass(customer)["until"]), what="the end of the pass")
    assert customer.usage(megabytes(1), US, ago=AT_ONCE)["data"] == "held"
    assert spent(customer.cap()) == 10
    assert customer.question()["kind"] == "confirm_destination"
    wait_for(lambda: "pass_ended" in customer.kinds(), 30, "the word that it ended")
    assert customer.kinds().count("pass_ended") == 1


# ---- the platform is told to charge


@pytest.mark.parametrize("hold, identity, price", [(held_at_cap, "fr-day", money("2.00")),
                                                   (held_at_cap, "fr-euro", money("2.90", "EUR")),
                                                   (held_at_destination, "us-day", money("4.00"))])
def test_the_charge_is_requested_once_signed_and_in_order(service, platform, hold, identity, price):
    customer = hold(service)
    buy(customer, identity)
    platform.wait(heard(customer, RELEASED))
    [request] = platform.wait(heard(customer, CHARGE))
    event = request.json()
    assert request.headers["Content-Type"].startswith("application/cloudevents+json")
    assert is_signed(request, SECRET)
    assert request.headers["webhook-id"] == event["id"]
    assert event["specversion"] == "1.0"
    assert event["data"]["subscriber"]["id"] == customer.profile()["id"]
    assert identity in json.dumps(event["data"])
    assert price in event["data"].values()
    told = [one.json()["data"] for one in platform.that(
        lambda one: one.json()["data"]["subscriber"].get("msisdn") == customer.msisdn)]
    sequences = [data["sequence"] for data in told if "sequence" in data]
    assert sequences == sorted(sequences)
    assert len(platform.that(heard(customer, RELEASED))) == 1


def test_a_charge_waits_for_the_platform_and_is_superseded_by_no_hold(service, platform):
    customer, mended = held_at_cap(service), threading.Event()
    BEHAVIOUR[customer.msisdn] = lambda _: 204 if mended.is_set() else 500
    buy(customer, "fr-day")
    customer.usage(megabytes(5), FR, ago=AT_ONCE)  # held again
    customer.answer("extend")
    mended.set()
    platform.wait(heard(customer, CHARGE), seconds=40)
    tried = platform.that(lambda one: one.json()["type"] == CHARGE
                          and one.json()["data"]["subscriber"].get("msisdn") == customer.msisdn)
    assert len({one.headers["webhook-id"] for one in tried}) == 1
    assert len(platform.that(heard(customer, CHARGE))) == 1


# ---- bought elsewhere


SOON, LATER = timedelta(minutes=5), timedelta(hours=2)
IN_FRANCE = {"quantity": megabytes(3), "plmn": FR}
TEXTS = {"quantity": 3, "plmn": FR, "service": "sms_mo"}


@pytest.mark.parametrize("changes, usage, cost", [
    ({}, IN_FRANCE, 0), ({"allowance": "unlimited"}, IN_FRANCE, 0),
    ({"destinations": ["DE", "FR"]}, IN_FRANCE, 0),
    ({"destinations": ["zone:nordic"]}, {"quantity": megabytes(3), "plmn": SE}, 0),
    ({"destinations": ["inflight"]}, {"quantity": megabytes(3), "plmn": AEROMOBILE}, 0),
    ({"services": ["data", "sms_mo"], "allowance": "unlimited"}, TEXTS, 0),
    ({}, TEXTS, "0.60"), ({"services": ["sms_mo"], "allowance": "unlimited"}, IN_FRANCE, 3),
    ({}, {"quantity": megabytes(3), "plmn": DE}, 6), ({"destinations": ["DE"]}, IN_FRANCE, 3),
    ({"allowance": "2 MB"}, IN_FRANCE, 1), ({"allowance": "3 MB"}, IN_FRANCE, 0),
    ({"allowance": "5 MB", "used": "4 MB"}, IN_FRANCE, 2), ({"allowance": "5 MB", "used": "5 MB"}, IN_FRANCE, 3),
    ({"from": SOON}, IN_FRANCE, 3), ({"from": -LATER, "until": -SOON}, IN_FRANCE, 3),
    ({"from": -LATER, "until": -SOON}, {**IN_FRANCE, "ago": timedelta(minutes=6)}, 0)], ids=str)
def test_a_bundle_covers_what_it_says_and_nothing_else(service, changes, usage, cost):
    customer = service.customer(caps=[monthly("500.00", services=["data", "sms_mo"])])
    given(customer, **{name: rfc3339(now() + value) if isinstance(value, timedelta) else value
                       for name, value in changes.items()})
    customer.usage(**{"ago": AT_ONCE, **usage})
    assert amount_of(customer.cap()["used"]) == amount_of(money(str(cost)))


def test_the_purchase_stands_in_the_evidence_for_care_to_read(service):
    customer = held_at_cap(service)
    buy(customer, "fr-day")
    response = service.get(customer.path + "/timeline", params={"limit": 100})
    assert response.status_code == 200, response.text
    told = [item["summary"] for item in response.json()["items"] if "asked to charge" in item["summary"]]
    assert told == ["the platform is asked to charge 2.00 GBP for the pass France day"]
    assert service.get(customer.path + "/timeline", params={"format": "html"}).status_code == 200
    which = {"kind": "charge_requested", "msisdn": customer.msisdn}
    rows = service.get("/v1/notifications", params=which).json()["items"]
    assert [row["kind"] for row in rows] == ["charge_requested"]


def test_a_bundle_may_name_a_pass_of_the_table(service):
    customer = service.customer(caps=[monthly()])
    assert put_pass(customer, "order-1", {"pass": "fr-day"}).status_code in (200, 201)
    told = only_pass(customer)
    assert (told["id"], told["pass"], size(told["allowance"])) == ("order-1", "fr-day", megabytes(5))
    customer.usage(megabytes(5), FR, ago=AT_ONCE)
    assert spent(customer.cap()) == 0


@pytest.mark.parametrize("body", [None, {"pass": "fr-day"}], ids=["bundle", "pass of the table"])
def test_a_bundle_told_twice_is_one_and_is_not_charged_by_us(service, platform, body):
    customer = service.customer(caps=[monthly()])
    body = body or bundle()
    assert [put_pass(customer, "order-2", body).status_code // 100 for _ in range(3)] == [2, 2, 2]
    before = only_pass(customer)
    customer.usage(megabytes(1), FR, ago=AT_ONCE)
    assert put_pass(customer, "order-2", body).status_code == 200
    assert {**only_pass(customer), "used": None} == {**before, "used": None}
    assert size(only_pass(customer)["used"]) == megabytes(1)  # what is used stays used
    other = held_at_cap(service)
    buy(other, "fr-day")
    platform.wait(heard(other, CHARGE))  # so there was time
    assert platform.that(heard(customer, CHARGE)) == []


@pytest.mark.parametrize("body, field", [
    ({"pass": "no-such-pass"}, "pass"), ({"pass": 7}, "pass"), ({}, ""), ([], ""),
    (bundle(destinations=None), "destinations"), (bundle(destinations=[]), "destinations"),
    (bundle(destinations="FR"), "destinations"), (bundle(destinations=["Frankreich"]), "destinations"),
    (bundle(services=["video"]), "services"), (bundle(services="data"), "services"),
    (bundle(allowance="many"), "allowance"), (bundle(allowance="-5 MB"), "allowance"),
    (bundle(allowance=5), "allowance"), (bundle(allowance=None), "allowance"),
    (bundle(used="none"), "used"), (bundle(**{"from": "today"}), "from"),
    (bundle(until="2026-11-01"), "until"), (bundle(until=7), "until"), (bundle(until=None), "until"),
    (bundle(**{"until": "2020-01-01T00:00:00Z", "from": "2020-01-02T00:00:00Z"}), "until"), (bundle(name=5), "name"),
    (bundle(price="2.00"), "price")], ids=lambda value: str(value)[:40])
def test_a_bundle_that_breaks_a_rule_is_refused_and_the_field_named(service, body, field):
    customer = service.customer()
    assert_problem(put_pass(customer, "order-3", body), 422, field)
    assert passes(customer) == []


def test_what_is_no_json_is_no_bundle(service):
    customer = service.customer()
    response = service.put(customer.path + "/passes/order-4", data="{", headers={"Content-Type": "application/json"})
    assert_problem(response, 400)


@pytest.mark.parametrize("changes, kind", [
    ({}, "welcome"), ({"allowance": "unlimited"}, "welcome"), ({"used": "99 MB"}, "welcome"),
    ({"used": "100 MB"}, "confirm_destination"), ({"destinations": ["FR"]}, "confirm_destination"),
    ({"services": ["sms_mo"], "allowance": "unlimited"}, "confirm_destination"), ({"from": SOON}, "confirm_destination"),
    ({"from": -LATER, "until": -SOON}, "confirm_destination")], ids=str)
def test_a_high_cost_place_that_a_bundle_covers_is_welcomed_and_not_asked_about(service, changes, kind):
    customer = service.customer(caps=[monthly("500.00")])
    times = {name: rfc3339(now() + value) if isinstance(value, timedelta) else value for name, value in changes.items()}
    given(customer, **{"destinations": ["US"], **times})
    result = customer.attach(US, ago=AT_ONCE)
    assert result["data"] == ("allowed" if kind == "welcome" else "held")
    assert customer.kinds().count(kind) == 1
    assert len(customer.confirmations()) == (0 if kind == "welcome" else 1)


def test_a_bundle_that_comes_while_the_place_is_held_releases(service):
    customer = held_at_destination(service)
    given(customer, destinations=["US"])
    assert customer.peek()["data"] == "allowed"
    assert customer.holds() == []


def test_passes_of_a_number_nobody_has_are_not_found(service):
    stranger = service.stranger()
    assert_problem(service.get(stranger.path + "/passes"), 404)


def test_the_numbers_of_a_question_stand_when_the_table_changes(start):
    service = start()
    publish(service)
    customer = held_at_cap(service)
    question = customer.question()
    number = number_of(question, "pass:fr-day")
    publish(service, passes="pass,plan,destination,price,currency,allowance,validity\nfr-day,*,FR,20.00,GBP,1 MB,1 d\n")
    assert customer.question()["choices"] == question["choices"]
    say(customer, str(number))
    assert size(only_pass(customer)["allowance"]) == megabytes(5)  # the terms that were shown
