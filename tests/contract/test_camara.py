"""CAMARA Device Roaming Status: its notifications as senders of every version send them, its manners, its queries."""

import copy
import json
import time
import uuid
from datetime import datetime, timedelta

import pytest

from blackbox import (BATCH, DE, FR, IRIDIUM, STRUCTURED, SWISSCOM, US, amount_of, assert_problem, megabytes,
                      money, monthly, new_event, now, wait_for)
from receiver import Receiver

CURRENT = "org.camaraproject.device-roaming-status-subscriptions.v0."
FORMER = "org.camaraproject.roaming-status-subscriptions.v0."
OLDEST = "org.camaraproject.device-status.v0."
SOURCE = "https://notify.operator.example"
LENIENT = "https://old.operator.example"  # an entry of camara.compat
SETTLE_S = 2
IN_FR = {"roaming": True, "countryCode": 208, "countryName": ["FR"]}


@pytest.fixture(scope="module")
def service(start):
    running = start("--camara.settle-after", f"{SETTLE_S}s", "--camara.compat", f"https://other.example,{LENIENT}")
    running.publish()
    return running


def subscription_of(customer):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, customer.service.store + customer.msisdn))


def camara(customer, name, prefix=CURRENT, source=SOURCE, device=True, ago=None, **data):
    """A notification about a customer, a second after the last one."""
    customer.clock += timedelta(seconds=1)
    named = {"device": {"phoneNumber": customer.msisdn}} if device else {}
    return new_event(prefix + name, {"subscriptionId": subscription_of(customer), **named, **data},
                     now() - ago if ago else customer.clock, source=source)


def status(customer, code=208, countries=("FR",), **more):
    return camara(customer, "roaming-status", roaming=True, countryCode=code, countryName=list(countries), **more)


def post(service, event, content_type=STRUCTURED, **headers):
    body = event if isinstance(event, (str, bytes)) else json.dumps(event)
    return service.post("/camara/notifications", data=body, headers={"Content-Type": content_type, **headers})


def notify(customer, event):
    response = post(customer.service, event)
    assert response.status_code == 204, response.text
    assert response.content == b""


def assert_camara(response, http_status, code):
    """A refusal in CAMARA's shape."""
    assert response.status_code == http_status, response.text
    assert response.headers["Content-Type"].startswith("application/json")
    refusal = response.json()
    assert (refusal["status"], refusal["code"]) == (http_status, code)
    assert isinstance(refusal["message"], str) and len(refusal["message"]) > 5
    return refusal


def careful(service, **profile):
    """A customer whom only the flagged and the unknown are too dear for."""
    return service.customer(**{"caps": [monthly("500.00")], "highCostPerMegabyte": money("50.00"), **profile})


# ---- types and versions


@pytest.mark.parametrize("prefix", [CURRENT, FORMER, OLDEST])
@pytest.mark.parametrize("name", ["roaming-status", "roaming-change-country"])
def test_a_country_in_any_version_is_an_arrival(service, prefix, name):
    customer = careful(service)
    data = IN_FR if name == "roaming-status" else {"countryCode": 208, "countryName": ["FR"]}
    notify(customer, camara(customer, name, prefix, **data))
    assert customer.kinds() == ["welcome"]
    assert "France" in customer.notification("welcome")["text"]
    assert "1.00" in customer.notification("welcome")["text"]


@pytest.mark.parametrize("prefix, name, data", [
    *[(prefix, "roaming-off", {}) for prefix in (CURRENT, FORMER, OLDEST)],
    *[(prefix, "roaming-status", {"roaming": False}) for prefix in (CURRENT, FORMER, OLDEST)],
    *[(prefix, "subscription-ends", {"terminationReason": "SUBSCRIPTION_EXPIRED"})
      for prefix in (CURRENT, FORMER, OLDEST)],
    (CURRENT, "subscription-ended", {"terminationReason": "SUBSCRIPTION_DELETED"}),
    (CURRENT, "subscription-started", {"initiationReason": "SUBSCRIPTION_CREATED"}),
    (CURRENT, "subscription-updated", {"updateReason": "SUBSCRIPTION_INACTIVE"})])
def test_what_tells_no_arrival_is_accepted_and_says_nothing_to_anyone(service, prefix, name, data):
    customer = careful(service)
    notify(customer, camara(customer, name, prefix, **data))
    assert customer.kinds() == []
    assert customer.holds() == []


@pytest.mark.parametrize("prefix", [CURRENT, FORMER, OLDEST])
@pytest.mark.parametrize("name, data", [("roaming-off", {}), ("roaming-status", {"roaming": False})])
def test_the_end_of_roaming_is_home_and_releases(service, prefix, name, data):
    customer = careful(service)
    customer.attach(US)
    assert customer.holds()
    notify(customer, camara(customer, name, prefix, **data))
    assert customer.holds() == []
    assert customer.kinds() == ["confirm_destination"]


@pytest.mark.parametrize("prefix", [FORMER, OLDEST])
def test_older_versions_may_leave_the_subscription_out(service, prefix):
    customer = careful(service)
    event = camara(customer, "roaming-status", prefix, **IN_FR)
    del event["data"]["subscriptionId"]
    notify(customer, event)
    assert customer.kinds() == ["welcome"]


def test_the_oldest_version_may_leave_out_the_plus(service):
    customer = careful(service)
    event = camara(customer, "roaming-status", OLDEST, **IN_FR)
    event["data"]["device"]["phoneNumber"] = customer.msisdn.lstrip("+")
    notify(customer, event)
    assert customer.kinds() == ["welcome"]


@pytest.mark.parametrize("kind", [CURRENT + "roaming-maybe", CURRENT + "roaming", CURRENT, CURRENT + "ROAMING-ON",
                                  OLDEST + "connectivity-data", OLDEST + "connectivity-disconnected",
                                  "org.camaraproject.device-roaming-status-subscriptions.v1.roaming-on",
                                  "org.camaraproject.device-reachability-status-subscriptions.v0.reachability-data",
                                  "org.camaraproject.sim-swap-subscriptions.v0.swapped",
                                  "com.example.device-roaming-status-subscriptions.v0.roaming-on"])
def test_an_unlisted_type_is_an_invalid_argument(service, kind):
    event = {**status(service.customer()), "type": kind}
    assert_camara(post(service, event), 400, "INVALID_ARGUMENT")
    assert_problem(service.send(event), 422, "type")  # the same by our own door


def test_unknown_members_are_passed_over(service):
    customer = careful(service)
    event = status(customer, ofALaterVersion={"a": [1, None]})
    event["data"]["device"]["ofALaterVersion"] = True
    notify(customer, {**event, "traceparent": "00-1-2-01", "subject": "+999"})
    assert customer.kinds() == ["welcome"]


# ---- where


def test_our_own_door_takes_camaras_events_and_says_what_came_of_them(service):
    customer = careful(service)
    result = service.result(status(customer))
    assert result["outcome"] == "welcomed"
    assert (result["destination"]["country"], result["destination"]["basis"]) == ("FR", "camara")
    assert result["destination"]["class"] == "terrestrial"
    assert result["price"]["data"] == {**money("1.00"), "per": "MB"}


@pytest.mark.parametrize("data", [{"countryCode": 262}, {"countryName": ["DE"]},
                                  {"countryCode": 262, "countryName": []}], ids=str)
def test_a_code_or_a_name_alone_is_enough(service, data):
    customer = careful(service)
    result = service.result(camara(customer, "roaming-status", roaming=True, **data))
    assert (result["outcome"], result["destination"]["country"]) == ("welcomed", "DE")


def test_of_several_countries_the_dearest_counts(service):
    result = service.result(status(careful(service), 228, ["CH", "LI"]))
    assert result["destination"]["country"] == "LI"
    assert set(result["destination"]["candidates"]) == {"CH", "LI"}
    assert result["price"]["data"]["amount"] == "4.00"


@pytest.mark.parametrize("countries", [[], None], ids=["an empty list", "no list"])
def test_the_code_of_no_country_is_protected_like_a_dear_place(service, countries):
    customer = careful(service)
    named = {} if countries is None else {"countryName": countries}
    result = service.result(camara(customer, "roaming-status", roaming=True, countryCode=901, **named))
    assert result["outcome"] == "confirmation_requested"
    assert result["data"] == "held"
    assert result["destination"]["class"] != "terrestrial"


def test_usage_that_names_no_network_is_priced_where_camara_saw_the_customer(service):
    customer = careful(service)
    notify(customer, status(customer))
    result = customer.usage(megabytes(3))
    assert result["destination"]["country"] == "FR"
    assert amount_of(result["caps"][0]["used"]) == 3


def test_old_news_moves_nobody(service):
    customer = careful(service)
    customer.attach(DE, ago=timedelta(minutes=1))
    assert service.result(status(customer, ago=timedelta(minutes=30)))["outcome"] == "stale"
    assert customer.kinds() == ["welcome"]


def test_a_batch_may_mix_camaras_events_and_ours(service):
    first, second = careful(service), careful(service)
    results = service.batch([camara(first, "roaming-on"), status(first), first.usage_event(megabytes(2)),
                             second.attach_event(DE), camara(second, "roaming-maybe"), camara(second, "roaming-off")])
    outcomes = [result["outcome"] for result in results]
    assert outcomes[:5] == ["noted", "welcomed", "counted", "welcomed", "rejected"]
    assert outcomes[5] == "returned_home"
    assert results[2]["destination"]["country"] == "FR"
    assert "type" in json.dumps(results[4]["error"])


# ---- one crossing, two events


BOTH = {"status": lambda customer: status(customer), "on": lambda customer: camara(customer, "roaming-on"),
        "change": lambda customer: camara(customer, "roaming-change-country", countryCode=208, countryName=["FR"]),
        "off": lambda customer: camara(customer, "roaming-off"),
        "home": lambda customer: camara(customer, "roaming-status", roaming=False),
        "nowhere": lambda customer: camara(customer, "roaming-status", roaming=True)}
PLACED = [("status", "on"), ("on", "status"), ("on", "change"), ("change", "on"), ("status", "change"),
          ("status", "status"), ("on", "status", "change"), ("nowhere", "status"), ("status", "nowhere"),
          ("on", "on", "status")]
AT_HOME = [("off",), ("home", "off"), ("off", "home"), ("on", "off"), ("on", "home"), ("nowhere", "off")]
UNPLACED = [("on",), ("nowhere",), ("on", "on"), ("on", "nowhere"), ("off", "on")]


@pytest.fixture(scope="module")
def settled(service):
    """Customers of all these stories, once the time to settle is over; what each was told at once."""
    stories = {}
    for story in PLACED + AT_HOME + UNPLACED:
        stories[story] = customer = careful(service)
        for step in story:
            notify(customer, BOTH[step](customer))
        customer.at_once = customer.kinds(), customer.holds()
    last = stories[UNPLACED[-1]]
    wait_for(last.holds, SETTLE_S + 10, "the place to count as unknown")
    time.sleep(0.5)
    return stories


@pytest.mark.parametrize("story", PLACED, ids=" then ".join)
def test_one_crossing_makes_one_welcome_however_it_is_told(settled, story):
    customer = settled[story]
    assert customer.at_once[0] == ["welcome"]
    assert customer.kinds() == ["welcome"]
    assert "France" in customer.notification("welcome")["text"]
    assert customer.holds() == []


@pytest.mark.parametrize("story", AT_HOME, ids=" then ".join)
def test_who_is_home_before_it_settled_is_asked_nothing(settled, story):
    customer = settled[story]
    assert customer.kinds() == []
    assert customer.holds() == []


@pytest.mark.parametrize("story", UNPLACED, ids=" then ".join)
def test_abroad_without_a_country_waits_and_then_is_protected_as_unknown(settled, story):
    customer = settled[story]
    assert customer.at_once == ([], [])
    assert customer.kinds() == ["confirm_destination"]
    assert [hold["cause"] for hold in customer.holds()] == ["destination"]
    assert "8.00" in customer.notification("confirm_destination")["text"]  # the default row
    assert customer.verified()


def test_the_country_that_comes_late_ends_the_question(settled):
    customer = settled[("on",)]
    notify(customer, status(customer))
    assert customer.kinds() == ["confirm_destination", "welcome"]
    assert customer.holds() == []


def test_a_countryless_arrival_is_only_noted(service):
    result = service.result(camara(careful(service), "roaming-on"))
    assert (result["outcome"], result["data"], result["notifications"]) == ("noted", "allowed", [])


def test_a_trip_as_camara_tells_it_welcomes_once_a_country(service):
    customer = careful(service, homeCountry="DE", timeZone="Europe/Berlin")
    trip = [[camara(customer, "roaming-status", roaming=True, countryCode=208, countryName=["FR"]),
             camara(customer, "roaming-on")],
            [camara(customer, "roaming-change-country", countryCode=206, countryName=["BE"])],
            [camara(customer, "roaming-status", roaming=False), camara(customer, "roaming-off")]]
    welcomes = []
    for crossing in trip:
        for event in crossing:
            notify(customer, event)
        welcomes.append(customer.kinds().count("welcome"))
    assert welcomes == [1, 2, 2]
    texts = [item["text"] for item in reversed(customer.notifications("welcome"))]
    assert "France" in texts[0] and "Belgium" in texts[1]
    assert set(customer.kinds()) == {"welcome"}


def test_the_first_event_of_a_subscription_repeats_what_is_known_and_welcomes_nobody_twice(service):
    customer = careful(service)
    customer.attach(FR)
    notify(customer, camara(customer, "subscription-started", initiationReason="SUBSCRIPTION_CREATED"))
    notify(customer, status(customer))
    notify(customer, camara(customer, "roaming-on"))
    assert customer.kinds() == ["welcome"]


# ---- whose subscription


def test_a_subscription_is_learnt_from_an_event_that_names_the_customer(service):
    customer = careful(service)
    notify(customer, camara(customer, "roaming-off"))
    notify(customer, status(customer, device=False))
    assert customer.kinds() == ["welcome"]


def test_a_subscription_may_be_taught(service):
    customer = careful(service)
    path = f"/v1/camara/subscriptions/{subscription_of(customer)}"
    for _ in range(2):
        assert service.put(path, json={"msisdn": customer.msisdn}).status_code in (200, 201, 204)
    notify(customer, status(customer, device=False))
    assert customer.kinds() == ["welcome"]


def test_a_subscription_taught_anew_is_the_new_customers(service):
    first, second = careful(service), careful(service)
    path = f"/v1/camara/subscriptions/{subscription_of(first)}"
    for customer in (first, second):
        assert service.put(path, json={"msisdn": customer.msisdn}).status_code in (200, 201, 204)
    notify(first, status(first, device=False))
    assert (first.kinds(), second.kinds()) == ([], ["welcome"])


@pytest.mark.parametrize("body", [{}, {"msisdn": "447700900000"}, {"msisdn": 447700900000}, {"msisdn": None},
                                  [], "{"], ids=str)
def test_a_subscription_is_taught_no_nonsense(service, body):
    data = body if isinstance(body, str) else json.dumps(body)
    response = service.put(f"/v1/camara/subscriptions/{uuid.uuid4()}", data=data,
                           headers={"Content-Type": "application/json"})
    assert_problem(response, (400, 422))


def test_an_event_that_names_nobody_is_refused_listed_and_may_be_sent_again(service):
    customer = careful(service)
    event = status(customer, device=False)
    assert_camara(post(service, event), 422, "MISSING_IDENTIFIER")
    assert event["id"] in [item["id"] for item in service.items("/v1/events/rejected")]
    service.put(f"/v1/camara/subscriptions/{subscription_of(customer)}", json={"msisdn": customer.msisdn})
    notify(customer, event)
    assert customer.kinds() == ["welcome"]


def test_by_our_own_door_an_event_that_names_nobody_is_refused_in_our_shape(service):
    customer = careful(service)
    assert_problem(service.send(status(customer, device=False)), 422)
    good, bad = status(customer), status(careful(service), device=False)
    assert [result["outcome"] for result in service.batch([bad, good])] == ["rejected", "welcomed"]


def test_within_one_batch_the_first_event_teaches_the_second(service):
    customer = careful(service)
    results = service.batch([camara(customer, "roaming-off"), status(customer, device=False)])
    assert results[1]["outcome"] == "welcomed"


@pytest.mark.parametrize("device", [{"ipv4Address": {"publicAddress": "203.0.113.7", "publicPort": 59765}},
                                    {"ipv6Address": "2001:db8::7"}], ids=["IPv4", "IPv6"])
def test_a_device_without_a_number_is_known_by_its_subscription(service, device):
    customer = careful(service)
    event = status(customer)
    event["data"]["device"] = device
    assert post(service, event).status_code in (400, 422)
    service.put(f"/v1/camara/subscriptions/{subscription_of(customer)}", json={"msisdn": customer.msisdn})
    notify(customer, event)
    assert customer.kinds() == ["welcome"]


# ---- manners


MISSING = object()


def changed(event, path, value):
    event = copy.deepcopy(event)
    *parents, last = path.strip("/").split("/")
    place = event
    for name in parents:
        place = place[name]
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    return event


@pytest.mark.parametrize("path, value", [
    ("/id", 123654), ("/id", ""), ("/id", MISSING), ("/source", MISSING), ("/source", ""), ("/specversion", "1.1"),
    ("/specversion", MISSING), ("/type", MISSING), ("/time", MISSING), ("/time", "2026-11-24T10:00:00"), ("/time", 7),
    ("/datacontenttype", "text/plain"), ("/data", MISSING), ("/data", "x"), ("/data/subscriptionId", MISSING),
    ("/data/subscriptionId", 7), ("/data/roaming", MISSING), ("/data/roaming", "true"), ("/data/roaming", 1),
    ("/data/countryCode", "208"), ("/data/countryCode", 20), ("/data/countryCode", 1000), ("/data/countryCode", 208.5),
    ("/data/countryCode", -208), ("/data/countryName", "FR"), ("/data/countryName", ["FRA"]),
    ("/data/countryName", [33]), ("/data/device", "+447700900000"), ("/data/device", {}),
    ("/data/device/phoneNumber", 447700900000),
    ("/data/device/phoneNumber", "+0447700900000"), ("/data/device/phoneNumber", "447700900000"),
    ("/data/device/phoneNumber", "+44 7700 900000")])
def test_a_broken_field_is_an_invalid_argument(service, path, value):
    customer = careful(service)
    assert_camara(post(service, changed(status(customer), path, value)), 400, "INVALID_ARGUMENT")
    assert customer.kinds() == []


@pytest.mark.parametrize("missing", ["countryCode", "countryName"])
def test_a_change_of_country_names_the_country(service, missing):
    customer = careful(service)
    event = camara(customer, "roaming-change-country", countryCode=208, countryName=["FR"])
    del event["data"][missing]
    assert_camara(post(service, event), 400, "INVALID_ARGUMENT")
    assert customer.kinds() == []


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "17", "not json", "\x00"], ids=repr)
def test_what_is_no_event_is_an_invalid_argument(service, body):
    assert_camara(post(service, body), 400, "INVALID_ARGUMENT")


def test_an_event_too_old_is_refused_in_camaras_shape(service):
    response = post(service, status(careful(service), ago=timedelta(days=40)))
    assert_camara(response, response.status_code, response.json()["code"])
    assert response.status_code in (400, 422)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", BATCH])
def test_another_content_type_is_refused_in_camaras_shape(service, content_type):
    response = post(service, status(careful(service)), content_type)
    assert response.status_code in (400, 415)
    assert_camara(response, response.status_code, response.json()["code"])


def test_an_event_sent_again_is_accepted_and_counts_once(service):
    customer = careful(service)
    event = status(customer)
    for _ in range(3):
        notify(customer, event)
    assert service.result(event)["outcome"] == "duplicate"
    assert customer.kinds() == ["welcome"]


def test_an_id_used_for_something_else_is_a_conflict_in_camaras_shape(service):
    customer = careful(service)
    event = status(customer)
    notify(customer, event)
    response = post(service, changed(event, "/data/countryCode", 262))
    assert_camara(response, 409, response.json()["code"])
    assert customer.kinds() == ["welcome"]


@pytest.mark.parametrize("correlator", ["b4333c46-49c0-4f62-80d7-f0ef930f1c46", "a", "Az09-_:;./<>{}", "c" * 256])
@pytest.mark.parametrize("good", [True, False], ids=["accepted", "refused"])
def test_the_correlator_is_echoed(service, good, correlator):
    event = status(careful(service))
    response = post(service, event if good else {**event, "id": 7}, **{"x-correlator": correlator})
    assert response.status_code == (204 if good else 400)
    assert response.headers["x-correlator"] == correlator


def test_without_a_correlator_none_is_asked_for(service):
    assert post(service, status(careful(service))).status_code == 204


def test_what_was_refused_is_listed_and_may_be_sent_again_mended(service):
    customer = careful(service)
    event = status(customer)
    assert_camara(post(service, changed(event, "/data/roaming", "true")), 400, "INVALID_ARGUMENT")
    assert event["id"] in [item["id"] for item in service.items("/v1/events/rejected")]
    notify(customer, event)
    assert customer.kinds() == ["welcome"]


# ---- compat


@pytest.mark.parametrize("path, value", [("/id", int(uuid.uuid4()) % 10**9), ("/data/countryName", "FR")],
                         ids=["a numeric id", "one country as a string"])
def test_a_source_in_the_list_may_send_what_camaras_own_examples_do(service, path, value):
    customer = careful(service)
    strict = changed(status(customer), path, value)
    assert_camara(post(service, strict), 400, "INVALID_ARGUMENT")
    event = changed(status(customer, source=LENIENT), path, value)
    notify(customer, event)
    notify(customer, event)
    assert customer.kinds() == ["welcome"]


def test_two_numeric_ids_are_two_events(service):
    customer = careful(service)
    one = int(uuid.uuid4()) % 10**9
    notify(customer, {**status(customer, source=LENIENT), "id": one})
    notify(customer, {**status(customer, 262, ["DE"], source=LENIENT), "id": one + 1})
    assert customer.kinds() == ["welcome", "welcome"]


@pytest.mark.parametrize("path, value", [("/id", True), ("/id", 1.5), ("/id", {}), ("/data/countryName", "France"),
                                         ("/data/countryName", 33), ("/data/roaming", "true"), ("/time", MISSING),
                                         ("/data/countryCode", "208")])
def test_even_for_a_source_in_the_list_nothing_else_is_let_pass(service, path, value):
    customer = careful(service)
    event = changed(status(customer, source=LENIENT), path, value)
    assert_camara(post(service, event), 400, "INVALID_ARGUMENT")
    assert customer.kinds() == []


# ---- asking the operator where a customer is


TOKEN = "token-4821-of-the-operator"


class Operator:
    """Who answers where a customer is, by the number asked about."""

    def __init__(self, start):
        self.behaviour = {}
        self.receiver = Receiver(lambda request: self.behaviour[request.json()["device"]["phoneNumber"]](request))
        self.service = start("--camara.settle-after", "3s", "--camara.retrieve-timeout", "1s", "--camara.compat", "*",
                             "--camara.retrieve-token", TOKEN,
                             "--camara.retrieve-url", self.receiver.url("/device-roaming-status/v1/retrieve"))
        self.service.publish()

    def customer(self, behaviour):
        customer = careful(self.service)
        self.behaviour[customer.msisdn] = behaviour
        return customer

    def asked(self, customer):
        return self.receiver.that(lambda request: request.json()["device"]["phoneNumber"] == customer.msisdn)


@pytest.fixture(scope="module")
def operator(start):
    operator = Operator(start)
    yield operator
    operator.receiver.close()


def located(**place):
    return lambda request: (200, {"lastStatusTime": now().isoformat(), **place})


def slowly(request):
    time.sleep(4.5)
    return located(**IN_FR)(request)


HELPFUL = {"a country": located(**IN_FR), "a code alone": located(roaming=True, countryCode=208),
           "more than is known": located(ofALaterVersion=[1], **IN_FR)}
HELPLESS = {"nothing in time": slowly, "an error": lambda request: 500, "no such customer": lambda request: (
    404, {"status": 404, "code": "IDENTIFIER_NOT_FOUND", "message": "Device identifier not found."}),
    "no answer": lambda request: None, "no JSON": lambda request: (200, b"<html>"),
    "no object": lambda request: (200, []),
    "no country": located(roaming=True), "a wrong type": located(roaming="yes", countryCode="208"),
    "a redirection": lambda request: (302, b"", {"Location": "http://127.0.0.1:9/"})}


@pytest.fixture(scope="module")
def asking(operator):
    """Customers who are abroad, and what the operator says of them; how long each event took, and when it was sent."""
    stories = {how: operator.customer(behaviour) for how, behaviour in {**HELPFUL, **HELPLESS}.items()}
    stories["overtaken"] = operator.customer(slowly)
    for customer in stories.values():
        customer.began = time.monotonic()
        customer.arrival = camara(customer, "roaming-on")
        notify(customer, customer.arrival)
        customer.took = time.monotonic() - customer.began
    notify(stories["overtaken"], status(stories["overtaken"]))
    for how in HELPFUL:
        wait_for(lambda who=stories[how]: who.kinds(), 2.5, "the answer to be used")  # well before it settles by itself
        stories[how].settled = time.monotonic() - stories[how].began
    for how in HELPLESS:
        wait_for(lambda who=stories[how]: who.kinds(), 12, "the place to count as unknown")
    time.sleep(2)  # for the slow answer
    return stories


@pytest.mark.parametrize("how", HELPFUL)
def test_the_operators_answer_is_used_without_waiting_to_settle(asking, how):
    customer = asking[how]
    assert customer.kinds() == ["welcome"]
    assert "France" in customer.notification("welcome")["text"]
    assert customer.holds() == []
    assert customer.verified()


@pytest.mark.parametrize("how", HELPLESS)
def test_without_a_useful_answer_the_place_counts_as_unknown_in_time(asking, how):
    customer = asking[how]
    assert customer.kinds() == ["confirm_destination"]
    assert [hold["cause"] for hold in customer.holds()] == ["destination"]


def test_an_answer_that_comes_after_the_news_makes_no_second_welcome(asking):
    assert asking["overtaken"].kinds() == ["welcome"]


def test_asking_slows_no_event(asking):
    assert max(customer.took for customer in asking.values()) < 0.9


def test_the_operator_is_asked_as_camara_says_with_the_token(asking, operator):
    request, *more = operator.asked(asking["a country"])
    assert more == []
    assert (request.method, request.path) == ("POST", "/device-roaming-status/v1/retrieve")
    assert request.headers["Content-Type"].startswith("application/json")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.json() == {"device": {"phoneNumber": asking["a country"].msisdn}}
    assert TOKEN not in operator.service.log()


def test_an_arrival_told_again_is_not_asked_about_again(asking, operator):
    customer = asking["a country"]
    notify(customer, customer.arrival)
    time.sleep(0.3)
    assert len(operator.asked(customer)) == 1


def test_a_customer_known_by_the_subscription_is_asked_about_by_number(asking, operator):
    customer = operator.customer(located(**IN_FR))
    operator.service.put(f"/v1/camara/subscriptions/{subscription_of(customer)}", json={"msisdn": customer.msisdn})
    notify(customer, camara(customer, "roaming-on", device=False))
    wait_for(customer.kinds, 2.5, "the answer to be used")
    assert customer.kinds() == ["welcome"]
    assert len(operator.asked(customer)) == 1


def test_where_the_country_is_told_nobody_is_asked(asking, operator):
    customer = operator.customer(located(**IN_FR))
    notify(customer, status(customer))
    time.sleep(0.3)
    assert operator.asked(customer) == []


def test_compat_may_be_for_every_source(operator):
    customer = careful(operator.service)
    notify(customer, {**status(customer), "id": 4821})
    assert customer.kinds() == ["welcome"]


def test_a_restart_forgets_nobody_who_waits_to_settle(start):
    service = start("--camara.settle-after", "1s")
    service.publish()
    customer = careful(service)
    notify(customer, camara(customer, "roaming-on"))
    service.kill()
    service.start()
    wait_for(customer.holds, 10, "the place to count as unknown")
    assert customer.kinds() == ["confirm_destination"]


# ---- telling others where a customer is: device-roaming-status 1.1.0


def retrieve(service, body, **headers):
    data = body if isinstance(body, str) else json.dumps(body)
    return service.post("/device-roaming-status/v1/retrieve", data=data,
                        headers={"Content-Type": "application/json", **headers})


def seen(customer):
    response = retrieve(customer.service, {"device": {"phoneNumber": customer.msisdn}})
    assert response.status_code == 200, response.text
    answer = response.json()
    assert datetime.fromisoformat(answer["lastStatusTime"].replace("Z", "+00:00")).utcoffset() is not None
    return answer


def test_who_roams_is_told_with_the_country(service):
    customer = careful(service)
    customer.attach(FR)
    answer = seen(customer)
    assert {name: answer[name] for name in IN_FR} == IN_FR
    assert isinstance(answer["countryCode"], int)


@pytest.mark.parametrize("plmn, code, countries", [(SWISSCOM, 228, {"CH", "LI"}), (IRIDIUM, 901, set()),
                                                   (US, 310, {"US", "VI"})])
def test_a_network_of_several_countries_or_of_none_is_told_so(service, plmn, code, countries):
    customer = careful(service)
    customer.attach(plmn)
    answer = seen(customer)
    assert (answer["roaming"], answer["countryCode"], set(answer["countryName"])) == (True, code, countries)


def test_who_is_home_is_told_without_a_country(service):
    customer = careful(service)
    customer.attach(FR)
    customer.home()
    answer = seen(customer)
    assert answer["roaming"] is False
    assert not {"countryCode", "countryName"} & set(answer)


def test_what_camara_told_is_told_again(service):
    customer = careful(service)
    notify(customer, status(customer, 228, ["CH", "LI"]))
    answer = seen(customer)
    assert (answer["roaming"], answer["countryCode"], set(answer["countryName"])) == (True, 228, {"CH", "LI"})


def test_abroad_without_a_country_is_told_so(service):
    customer = careful(service)
    notify(customer, camara(customer, "roaming-on"))
    answer = seen(customer)
    assert answer["roaming"] is True
    assert "countryCode" not in answer


def test_the_time_told_is_that_of_the_last_status(service):
    customer = careful(service)
    customer.attach(FR)
    told, happened = (datetime.fromisoformat(text.replace("Z", "+00:00"))
                      for text in (seen(customer)["lastStatusTime"], customer.last_event["time"]))
    assert happened <= told <= now()


@pytest.mark.parametrize("body, http_status, code", [
    ({}, 422, "MISSING_IDENTIFIER"), ({"device": {}}, 400, "INVALID_ARGUMENT"),
    ({"device": {"phoneNumber": "447700900000"}}, 400, "INVALID_ARGUMENT"),
    ({"device": {"phoneNumber": "+0447700900000"}}, 400, "INVALID_ARGUMENT"),
    ({"device": {"phoneNumber": 447700900000}}, 400, "INVALID_ARGUMENT"),
    ({"device": "+447700900000"}, 400, "INVALID_ARGUMENT"), ([], 400, "INVALID_ARGUMENT"),
    ("{", 400, "INVALID_ARGUMENT"), ("", 400, "INVALID_ARGUMENT"),
    ({"device": {"phoneNumber": "+9999999999"}}, 404, "IDENTIFIER_NOT_FOUND")], ids=str)
def test_a_query_that_cannot_be_answered_is_refused_in_camaras_shape(service, body, http_status, code):
    response = retrieve(service, body, **{"x-correlator": "c-4821"})
    assert_camara(response, http_status, code)
    assert response.headers["x-correlator"] == "c-4821"


def test_a_good_answer_echoes_the_correlator(service):
    customer = careful(service)
    customer.attach(FR)
    response = retrieve(service, {"device": {"phoneNumber": customer.msisdn}}, **{"x-correlator": "c-4822"})
    assert (response.status_code, response.headers["x-correlator"]) == (200, "c-4822")


def test_the_log_holds_no_number(service):
    customer = careful(service)
    notify(customer, status(customer))
    post(service, {**status(customer), "id": 7})
    seen(customer)
    assert customer.msisdn[1:] not in service.log()
