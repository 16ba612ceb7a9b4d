"""Events in: the three modes of CloudEvents, the handshake, strictness, batches, duplicates, refusals."""

import copy
import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from blackbox import (ATTACH, BATCH, DE, FR, HOME, JP, LONDON, STRUCTURED, USAGE, amount_of, assert_problem, megabytes,
                      money, monthly, network, new_event, now, wait_for)

MISSING = object()


def attach_event(customer, **attributes):
    return {**customer.attach_event(FR), **attributes}


def changed(event, path, value):
    """A copy of the event with one member set or, with MISSING, taken away."""
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


# ---- the modes


def test_a_structured_event_is_answered_with_its_whole_result(service):
    customer = service.customer(caps=[monthly()])
    result = customer.attach(JP)
    assert result["outcome"] == "welcomed"
    assert result["outcomes"] == ["welcomed"]
    assert result["data"] == "allowed"
    assert {name: result["destination"][name] for name in ("country", "plmn", "class", "basis")} == {
        "country": "JP", "plmn": "440-10", "class": "terrestrial", "basis": "plmn"}
    assert result["price"]["data"] == {"amount": "3.00", "currency": "GBP", "per": "MB"}
    assert result["confirmation"] is None
    assert len(result["notifications"]) == 1
    assert set(result["notifications"][0]) >= {"id", "kind"}
    assert result["notifications"][0]["kind"] == "welcome"
    assert len(result["caps"]) == 1
    cap = result["caps"][0]
    assert {name: cap[name] for name in ("id", "stage", "limit", "used", "percent")} == {
        "id": "monthly", "stage": 1, "limit": money("10.00"), "used": money("0.00"), "percent": 0}
    first = now().astimezone(LONDON).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    start, end = (datetime.fromisoformat(cap["period"][side]) for side in ("start", "end"))
    assert start == first
    assert start.utcoffset() == first.utcoffset()
    assert end == (first + timedelta(days=32)).replace(day=1)


def test_a_binary_event_carries_its_attributes_in_headers(service):
    customer = service.customer()
    event = customer.attach_event(FR)
    headers = {f"ce-{name}": event[name] for name in ("specversion", "id", "source", "type", "time")}
    response = service.send(json.dumps(event["data"]), "application/json", headers=headers)
    assert response.status_code == 200, response.text
    [result] = response.json()["results"]
    assert (result["id"], result["source"], result["outcome"]) == (event["id"], event["source"], "welcomed")


def test_one_event_sent_in_two_modes_is_a_duplicate_of_itself(service):
    customer = service.customer()
    event = customer.attach_event(FR)
    first = customer.tell(event)
    headers = {f"ce-{name}": event[name] for name in ("specversion", "id", "source", "type", "time")}
    again = service.send(json.dumps(event["data"]), "application/json", headers=headers).json()["results"][0]
    in_a_batch = service.batch([event])[0]
    for result in (again, in_a_batch):
        assert result["outcome"] == "duplicate"
        assert result["notifications"] == first["notifications"]


def test_a_batch_is_answered_by_one_result_an_event_in_order(service):
    customers = [service.customer(caps=[monthly()]) for _ in range(3)]
    events = [customer.attach_event(FR) for customer in customers]
    events += [customer.usage_event(megabytes(5), FR) for customer in customers]
    results = service.batch(events)
    assert [result["id"] for result in results] == [event["id"] for event in events]
    assert [result["outcome"] for result in results] == ["welcomed"] * 3 + ["threshold_reached"] * 3


def test_a_batch_may_hold_a_thousand_events_and_no_more(service):
    customer = service.customer()
    events = [customer.usage_event(0, FR, ago=timedelta(seconds=1100 - n)) for n in range(1001)]
    assert len(service.batch(events[:1000])) == 1000
    assert_problem(service.send(events, BATCH), 413)


def test_an_empty_batch_is_answered_by_an_empty_list(service):
    assert service.batch([]) == []


@pytest.mark.parametrize("body", ["{}", '"e-1"', "[1]", "[[]]", "[null]", "null", "[{}"], ids=str)
def test_a_batch_that_is_no_array_of_objects_is_refused(service, body):
    assert_problem(service.send(body, BATCH), 400)


def test_an_invalid_event_of_a_batch_is_rejected_and_the_others_are_processed(service):
    customer = service.customer()
    good, bad, last = customer.attach_event(FR), customer.usage_event(-1, FR), customer.usage_event(0, FR)
    results = service.batch([good, bad, last])
    assert [result["outcome"] for result in results] == ["welcomed", "rejected", "counted"]
    assert results[1]["error"]
    assert "quantity" in json.dumps(results[1]["error"])


def test_the_web_hook_handshake_allows_the_origin_that_asks(service):
    response = service.call("OPTIONS", "/v1/events", headers={
        "WebHook-Request-Origin": "eventemitter.example.com", "WebHook-Request-Rate": "120"})
    assert response.status_code in (200, 204)
    assert response.headers["WebHook-Allowed-Origin"] in ("eventemitter.example.com", "*")
    rate = response.headers["WebHook-Allowed-Rate"]
    assert rate == "*" or int(rate) > 0


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_another_content_type_is_refused(service, content_type):
    event = attach_event(service.stranger())
    assert_problem(service.send(event, content_type), 415)


def test_a_content_type_may_name_its_charset(service):
    event = attach_event(service.customer())
    assert service.send(event, STRUCTURED + "; charset=utf-8").status_code == 200


# ---- what is no CloudEvent


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "17", '"event"', "{}", "not json"], ids=repr)
def test_a_body_that_is_no_cloud_event_is_refused(service, body):
    assert_problem(service.send(body), 400)


@pytest.mark.parametrize("attribute", ["specversion", "id", "source", "type"])
def test_a_cloud_event_without_a_required_attribute_is_refused_and_the_attribute_named(service, attribute):
    event = changed(attach_event(service.stranger()), attribute, MISSING)
    assert_problem(service.send(event), 400, attribute)


@pytest.mark.parametrize("attribute, value", [
    ("id", 17), ("id", ""), ("id", None), ("source", 17), ("source", ""), ("type", 17), ("type", ""),
    ("specversion", 1.0), ("specversion", "0.3"), ("time", 1767225600), ("time", "yesterday"),
    ("time", "2026-02-30T00:00:00Z"), ("time", "2026-02-01T00:00:00")])
def test_an_attribute_of_the_wrong_form_is_refused_and_named(service, attribute, value):
    event = changed(attach_event(service.stranger()), attribute, value)
    assert_problem(service.send(event), (400, 422), attribute)


# ---- rules of ours


@pytest.mark.parametrize("path, value, field", [
    ("/type", "org.example.attach.v1", "type"),
    ("/type", "org.roamguard.attach.v2", "type"),
    ("/time", MISSING, "time"),
    ("/data", MISSING, "data"),
    ("/data/subscriber", MISSING, "subscriber"),
    ("/data/subscriber", {}, "subscriber"),
    ("/data/subscriber", "+447700900000", "subscriber"),
    ("/data/subscriber/msisdn", 447700900000, "msisdn"),
    ("/data/subscriber/msisdn", "447700900000", "msisdn"),
    ("/data/subscriber/msisdn", "+44 7700 900000", "msisdn"),
    ("/data/subscriber/msisdn", "00447700900000", "msisdn"),
    ("/data/subscriber/imsi", "23415", "imsi"),
    ("/data/subscriber/imsi", 234150000000123, "imsi"),
    ("/data/visitedNetwork", MISSING, "visitedNetwork"),
    ("/data/visitedNetwork", "208-09", "visitedNetwork"),
    ("/data/visitedNetwork/mcc", 208, "mcc"),
    ("/data/visitedNetwork/mcc", "20", "mcc"),
    ("/data/visitedNetwork/mcc", "2O8", "mcc"),
    ("/data/visitedNetwork/mnc", 9, "mnc"),
    ("/data/visitedNetwork/mnc", "9", "mnc"),
    ("/data/visitedNetwork/mnc", "0009", "mnc"),
    ("/data/ipAddress", "300.1.1.1", "ipAddress"),
    ("/data/ipOf", "phone", "ipOf"),
    ("/data/access", "6g", "access"),
])
def test_an_attach_that_breaks_a_rule_is_refused_and_the_field_named(service, path, value, field):
    event = changed(attach_event(service.stranger()), path, value)
    assert_problem(service.send(event), 422, field)


@pytest.mark.parametrize("path, value, field", [
    ("/data/service", MISSING, "service"),
    ("/data/service", "video", "service"),
    ("/data/quantity", MISSING, "quantity"),
    ("/data/quantity", -1, "quantity"),
    ("/data/quantity", "5", "quantity"),
    ("/data/quantity", 1.5, "quantity"),
    ("/data/session", 17, "session"),
    ("/data/called", "FRA", "called"),
    ("/data/startedAt", "09:00", "startedAt"),
    ("/data/chargedAs", "gift", "chargedAs"),
    ("/data/charged", 12.3, "charged"),
    ("/data/charged", {"amount": 12.3, "currency": "GBP"}, "amount"),
    ("/data/charged", {"amount": "1,50", "currency": "GBP"}, "amount"),
    ("/data/charged", {"amount": "1e5", "currency": "GBP"}, "amount"),
    ("/data/charged", {"amount": "1.50"}, "currency"),
    ("/data/charged", {"amount": "1.50", "currency": "gbp"}, "currency"),
    ("/data/charged", {"amount": "1.50", "currency": "XQX"}, "currency"),
])
def test_a_usage_record_that_breaks_a_rule_is_refused_and_the_field_named(service, path, value, field):
    event = changed(service.stranger().usage_event(1, FR), path, value)
    assert_problem(service.send(event), 422, field)


def test_a_refusal_points_at_the_field_inside_the_event(service):
    event = changed(attach_event(service.stranger()), "/data/visitedNetwork/mcc", 208)
    problem = assert_problem(service.send(event), 422, "mcc")
    assert any(fault["pointer"].endswith("/visitedNetwork/mcc") for fault in problem["errors"]), problem


def test_an_event_from_the_near_future_is_accepted_and_one_from_further_ahead_refused(service):
    customer = service.customer()
    assert customer.attach(FR, ago=timedelta(minutes=-9))["outcome"] == "welcomed"
    assert_problem(service.send(customer.attach_event(FR, ago=timedelta(minutes=-11))), 422, "time")


def test_an_event_older_than_its_id_is_remembered_is_too_old_and_listed(service):
    customer = service.customer()
    assert customer.usage(0, FR, ago=timedelta(days=34))["outcome"] in ("counted", "welcomed")
    event = customer.usage_event(0, FR, ago=timedelta(days=36))
    response = service.send(event)
    assert_problem(response, 422)
    assert "too_old" in response.text
    assert any(event["id"] in json.dumps(item) for item in service.items("/v1/events/rejected"))


# ---- the same again


def test_an_exact_redelivery_changes_nothing_sends_nothing_and_repeats_the_ids(service):
    customer = service.customer(caps=[monthly()])
    event = customer.usage_event(megabytes(5), FR)
    first = customer.tell(event)
    assert {"threshold_reached", "welcomed"} <= set(first["outcomes"])
    again = service.result(event)
    assert again["outcome"] == "duplicate"
    assert again["notifications"] == first["notifications"]
    assert again["caps"] == first["caps"]
    assert len(customer.notifications()) == len(first["notifications"])


def test_a_redelivery_shows_the_present_data_and_caps(service):
    customer = service.customer(caps=[monthly()])
    event = customer.usage_event(megabytes(1), FR)
    customer.tell(event)
    customer.usage(megabytes(9), FR)
    again = service.result(event)
    assert again["outcome"] == "duplicate"
    assert again["data"] == "held"
    assert again["caps"][0]["used"] == money("10.00")


def test_an_event_written_differently_is_still_the_same_event(service):
    customer = service.customer()
    event = customer.attach_event(FR)
    customer.tell(event)
    turned = json.dumps(dict(reversed(event.items())), indent=3)
    [result] = service.send(turned).json()["results"]
    assert result["outcome"] == "duplicate"


@pytest.mark.parametrize("path, value", [("/data/visitedNetwork/mnc", "15"), ("/data/access", "5g")])
def test_an_id_used_again_for_other_content_is_refused(service, path, value):
    customer = service.customer()
    event = customer.attach_event(FR)
    customer.tell(event)
    response = service.send(changed(event, path, value))
    assert_problem(response, 409)
    assert "id_reused" in response.text
    assert len(customer.notifications()) == 1


def test_an_id_used_again_inside_a_batch_rejects_only_that_event(service):
    customer = service.customer(caps=[monthly()])
    first = customer.usage_event(megabytes(1), FR)
    results = service.batch([first, changed(first, "/data/quantity", 7), customer.usage_event(megabytes(1), FR)])
    assert [result["outcome"] for result in results][1:] == ["rejected", "counted"]
    assert "id_reused" in json.dumps(results[1])
    assert results[2]["caps"][0]["used"] == money("2.00")


def test_an_event_twice_in_one_batch_counts_once(service):
    customer = service.customer(caps=[monthly()])
    event = customer.usage_event(megabytes(3), FR)
    results = service.batch([event, event])
    assert results[1]["outcome"] == "duplicate"
    assert results[1]["caps"][0]["used"] == money("3.00")


def test_one_id_from_two_sources_is_two_events(service):
    customer = service.customer(caps=[monthly()])
    event = customer.usage_event(megabytes(1), FR)
    customer.tell(event)
    other = {**event, "source": "/another"}
    assert service.result(other)["caps"][0]["used"] == money("2.00")


def test_what_was_rejected_is_listed_with_its_error_and_may_be_sent_again_under_its_id(service):
    customer = service.customer()
    good = customer.attach_event(FR)
    bad = changed(good, "/data/visitedNetwork/mcc", "2O8")
    assert_problem(service.send(bad), 422, "mcc")
    [listed] = [item for item in service.items("/v1/events/rejected") if good["id"] in json.dumps(item)]
    assert "mcc" in json.dumps(listed)
    assert customer.tell(good)["outcome"] == "welcomed"


def test_the_rejected_list_is_newest_first(service):
    customer = service.customer()
    events = [customer.usage_event(-1, FR) for _ in range(3)]
    for event in events:
        assert_problem(service.send(event), 422)
    listed = json.dumps(service.items("/v1/events/rejected"))
    places = [listed.index(event["id"]) for event in events]
    assert places == sorted(places, reverse=True)


# ---- events that change nothing


@pytest.mark.parametrize("plmn", ["001-01", "001-001", "999-99", "999-999"])
def test_a_test_network_is_never_billed_and_never_messaged(service, plmn):
    customer = service.customer(caps=[monthly()])
    assert customer.attach(plmn)["outcome"] == "test_network"
    usage = customer.usage(megabytes(50), plmn)
    assert usage["outcome"] == "test_network"
    assert customer.notifications() == []
    assert amount_of(customer.usage(0, FR)["caps"][0]["used"]) == 0


def test_an_attach_older_than_the_place_already_known_is_stale(service):
    customer = service.customer(caps=[monthly("20.00")])
    customer.attach(FR, ago=timedelta(minutes=5))
    stale = customer.attach(DE, ago=timedelta(minutes=20))
    assert stale["outcome"] == "stale"
    assert customer.kinds() == ["welcome"]


def test_a_stale_attach_still_informs_usage_of_its_time(service):
    customer = service.customer(caps=[monthly("20.00")])
    customer.attach(FR, ago=timedelta(minutes=5))
    customer.attach(JP, ago=timedelta(minutes=8))
    result = customer.usage(megabytes(1), ago=timedelta(minutes=7))
    assert result["caps"][0]["used"] == money("3.00")  # the price of JP


def test_a_detach_is_noted_and_ends_no_trip(service):
    customer = service.customer(caps=[monthly(period="trip")])
    customer.attach(FR)
    customer.usage(megabytes(2), FR)
    assert customer.detach(FR)["outcome"] == "noted"
    assert customer.usage(megabytes(2), FR)["caps"][0]["used"] == money("4.00")
    assert customer.kinds() == ["welcome"]


def test_a_wifi_calling_attach_is_noted(service):
    customer = service.customer()
    assert customer.attach(FR, access="vowifi")["outcome"] == "noted"
    assert customer.notifications() == []


def test_usage_without_a_network_is_priced_where_the_customer_was_at_its_time(service):
    customer = service.customer(caps=[monthly("50.00")])
    customer.attach(JP, ago=timedelta(minutes=7))
    customer.attach(FR, ago=timedelta(minutes=4))
    assert customer.usage(megabytes(1), ago=timedelta(minutes=3))["caps"][0]["used"] == money("1.00")
    assert customer.usage(megabytes(1), ago=timedelta(minutes=5))["caps"][0]["used"] == money("4.00")


def test_home_usage_by_a_customer_at_home_is_no_roaming(service):
    customer = service.customer(caps=[monthly()])
    customer.home()
    result = customer.usage(megabytes(1), HOME)
    assert result["destination"]["class"] == "home"
    assert result["notifications"] == []


def test_an_imsi_without_a_profile_is_protected_and_its_message_fails_for_want_of_an_address(service):
    event = new_event(ATTACH, {"subscriber": {"imsi": "234150000000123"}, "visitedNetwork": network(FR)})
    result = service.result(event)
    assert result["outcome"] == "welcomed"
    ours = {item["id"] for item in result["notifications"]}
    assert len(ours) == 1
    [failed] = wait_for(lambda: [item for item in service.items("/v1/notifications", state="failed")
                                 if item["id"] in ours], what="the message to fail")
    assert "no_address" in json.dumps(failed)


def test_a_customer_may_be_named_by_number_imsi_or_id(service):
    customer = service.customer(imsi="234150000000777", caps=[monthly("20.00")])
    identity = customer.profile()["id"]
    used = 0
    for subscriber in ({"msisdn": customer.msisdn}, {"imsi": "234150000000777"}, {"id": identity}):
        used += 1
        customer.clock += timedelta(seconds=1)
        result = service.result(new_event(USAGE, {"subscriber": subscriber, "visitedNetwork": network(FR),
                                                  "service": "data", "quantity": megabytes(1)}, customer.clock))
        assert result["caps"][0]["used"] == money(f"{used}.00")


def test_an_inbound_roamer_of_another_operator_is_noted_and_never_messaged(start):
    service = start("--home.plmns", "234-15")
    service.publish()
    result = service.result(new_event(ATTACH, {"subscriber": {"imsi": "208090000000001"},
                                               "visitedNetwork": network(HOME)}))
    assert result["outcome"] == "noted"
    assert result["notifications"] == []
    assert service.items("/v1/notifications") == []


def test_a_time_with_another_offset_is_the_moment_it_names(service):
    customer = service.customer()
    event = customer.attach_event(FR)
    event["time"] = customer.clock.astimezone(ZoneInfo("Asia/Shanghai")).isoformat(timespec="seconds")
    assert event["time"].endswith("+08:00")
    assert customer.tell(event)["outcome"] == "welcomed"
    assert customer.attach(DE)["outcome"] == "welcomed"
