"""Customers: profiles, merge patches, erasure, a new number, the evidence file."""

import json
from urllib.parse import quote

import pytest

from blackbox import FR, Customer, assert_problem, megabytes, money, monthly

PROFILE = {"kind": "person", "homeCountry": "GB", "plan": "global", "language": "en-GB", "timeZone": "Europe/London",
           "regime": "uk-ofcom", "channels": ["app", "sms"], "appAddress": "device-token",
           "highCostPerMegabyte": money("3.00"), "payer": {"msisdn": "+447700900099"}, "optOut": ["welcome"]}


def test_a_profile_is_read_as_it_was_written(service):
    customer = service.stranger()
    customer.put(**PROFILE, imsi="234150000000123", id="c-81", caps=[monthly()])
    profile = customer.profile()
    assert {name: profile[name] for name in PROFILE} == PROFILE
    assert profile["msisdn"] == customer.msisdn
    assert profile["imsi"] == "234150000000123"
    assert profile["id"] == "c-81"
    assert {name: profile["caps"][0][name] for name in monthly()} == monthly()


def test_an_id_is_made_where_none_was_given_and_stays(service):
    customer = service.customer()
    identity = customer.profile()["id"]
    assert identity
    customer.put(plan="gold")
    assert customer.profile()["id"] == identity
    customer.change(plan="silver")
    assert customer.profile()["id"] == identity


def test_an_id_is_immutable(service):
    customer = service.stranger()
    customer.put(id="c-immutable")
    response = service.patch(customer.path, {"id": "c-other"})
    assert 400 <= response.status_code < 500, response.text
    assert customer.profile()["id"] == "c-immutable"


@pytest.mark.parametrize("encode", [quote, str], ids=["%2B", "+"])
def test_a_number_in_a_path_may_be_encoded_or_not(service, encode):
    customer = service.customer()
    assert service.get(f"/v1/subscribers/{encode(customer.msisdn)}").json()["msisdn"] == customer.msisdn


def test_a_merge_patch_changes_what_it_names_and_null_takes_away(service):
    customer = service.customer(highCostPerMegabyte=money("3.00"), appAddress="device-token")
    customer.change(plan="gold", appAddress=None)
    profile = customer.profile()
    assert profile["plan"] == "gold"
    assert profile.get("appAddress") is None
    assert profile["highCostPerMegabyte"] == money("3.00")
    assert profile["language"] == "en-GB"


def test_an_unknown_number_is_not_found(service):
    assert_problem(service.get(service.stranger().path), 404)
    assert_problem(service.patch(service.stranger().path, {"plan": "gold"}), 404)


@pytest.mark.parametrize("number", ["447700900000", "+44", "+44770090000a", "+4477009000001234", "00447700900000"])
def test_a_path_that_is_no_number_is_refused(service, number):
    response = service.put(f"/v1/subscribers/{quote(number)}", json={"homeCountry": "GB"})
    assert_problem(response, (400, 422))


@pytest.mark.parametrize("change, field", [
    ({"kind": "robot"}, "kind"),
    ({"homeCountry": "Britain"}, "homeCountry"),
    ({"homeCountry": "gb"}, "homeCountry"),
    ({"timeZone": "Europe/Londom"}, "timeZone"),
    ({"imsi": "23415"}, "imsi"),
    ({"imsi": 234150000000123}, "imsi"),
    ({"regime": "none-such"}, "regime"),
    ({"channels": ["pigeon"]}, "channels"),
    ({"highCostPerMegabyte": {"amount": 3, "currency": "GBP"}}, "highCostPerMegabyte"),
    ({"payer": {"msisdn": "447700900100"}}, "payer"),
    ({"caps": "none"}, "caps"),
    ({"caps": [{**monthly(), "amount": "45,00"}]}, "amount"),
    ({"caps": [{**monthly(), "amount": "-1.00"}]}, "amount"),
    ({"caps": [{**monthly(), "amount": 45}]}, "amount"),
    ({"caps": [{**monthly(), "currency": "POUND"}]}, "currency"),
    ({"caps": [{**monthly(), "period": "fortnight"}]}, "period"),
    ({"caps": [{**monthly(), "period": "billing-day:0"}]}, "period"),
    ({"caps": [{**monthly(), "period": "billing-day:32"}]}, "period"),
    ({"caps": [{**monthly(), "services": ["video"]}]}, "services"),
    ({"caps": [{**monthly(), "atLimit": "explode"}]}, "atLimit"),
    ({"caps": [{**monthly(), "tax": "net"}]}, "tax"),
    ({"caps": [{**monthly(), "thresholds": ["80"]}]}, "thresholds"),
    ({"caps": [{**monthly(), "volume": "5 parsecs"}]}, "volume"),
    ({"caps": [monthly(), monthly()]}, "id"),
], ids=str)
def test_a_profile_that_breaks_a_rule_is_refused_whole_and_the_field_named(service, change, field):
    customer = service.customer()
    before = customer.profile()
    assert_problem(service.put(customer.path, json={"homeCountry": "GB", "plan": "other", **change}), (400, 422), field)
    assert_problem(service.patch(customer.path, change), (400, 422), field)
    assert customer.profile() == before


def test_erasure_removes_the_person(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(9), FR)
    assert service.delete(customer.path).status_code in (200, 202, 204)
    assert_problem(service.get(customer.path), 404)
    assert customer.notifications() == []


def test_a_number_used_again_after_erasure_starts_clean(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(9), FR)
    service.delete(customer.path)
    customer.put(caps=[monthly()])
    assert customer.usage(megabytes(1), FR)["caps"][0]["used"] == money("1.00")


def test_a_new_number_keeps_the_history(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(4), FR)
    identity = customer.profile()["id"]
    moved = Customer(service, service.number())
    response = service.post(customer.path + "/renumber", json={"msisdn": moved.msisdn})
    assert response.status_code in (200, 204), response.text
    assert moved.profile()["id"] == identity
    assert_problem(service.get(customer.path), 404)
    assert moved.usage(megabytes(1), FR, ago=None)["caps"][0]["used"] == money("5.00")
    assert len(moved.timeline()) > 0
    assert moved.verified()


def test_a_recycled_number_starts_clean(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(4), FR)
    service.post(customer.path + "/renumber", json={"msisdn": service.number()})
    newcomer = Customer(service, customer.msisdn)
    newcomer.put(caps=[monthly()])
    assert newcomer.usage(megabytes(1), FR)["caps"][0]["used"] == money("1.00")


def test_a_number_in_use_is_nobody_elses_new_number(service):
    customer, other = service.customer(), service.customer()
    response = service.post(customer.path + "/renumber", json={"msisdn": other.msisdn})
    assert 400 <= response.status_code < 500, response.text
    assert customer.profile()["msisdn"] == customer.msisdn


def test_a_new_sim_withdraws_open_questions(service):
    customer = service.customer(caps=[monthly()], imsi="234150000000901")
    customer.usage(megabytes(10), FR)
    assert len(customer.confirmations("pending")) == 1
    customer.change(imsi="234150000000902")
    assert customer.confirmations("pending") == []


# ---- the evidence file


def test_the_timeline_tells_event_price_decision_message_and_answer(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(10), FR)
    event = customer.last_event["id"]
    customer.answer("extend", actor="agent-99")
    text = json.dumps(customer.timeline())
    for said in (event, "confirm_cap", "extend", "agent-99", "1.00"):
        assert said in text, said
    assert customer.verified()


def test_each_entry_of_the_timeline_carries_its_hash(service):
    customer = service.customer()
    customer.attach(FR)
    customer.usage(1, FR)
    hashes = [entry["hash"] for entry in customer.timeline()]
    assert len(hashes) >= 2
    assert len(set(hashes)) == len(hashes)


def test_the_timeline_prints_as_a_page(service):
    customer = service.customer()
    customer.attach(FR)
    response = service.get(customer.path + "/timeline", params={"format": "html"})
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert "<html" in response.text.lower()


def test_what_a_traveller_sends_is_escaped_on_the_page(service):
    customer = service.customer()
    event = {**customer.attach_event(FR), "id": f"<script>alert('{customer.msisdn}')</script>"}
    customer.tell(event)
    page = service.get(customer.path + "/timeline", params={"format": "html"}).text
    assert "<script>alert" not in page


def test_a_long_evidence_file_comes_in_pages_that_join(service):
    customer = service.customer()
    for _ in range(5):
        customer.attach(FR)
    whole = service.get(customer.path + "/timeline").json()
    assert whole["next"] is None
    joined, cursor = [], None
    while True:
        page = service.get(customer.path + "/timeline", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        assert len(page["items"]) <= 3 and page["head"] == whole["head"]
        joined = page["items"] + joined
        cursor = page["next"]
        if cursor is None:
            break
    assert joined == whole["items"]
    other = service.customer()
    other.attach(FR)
    stranger = service.get(customer.path + "/timeline", params={"limit": 1}).json()["next"]
    assert service.get(other.path + "/timeline", params={"cursor": stranger}).status_code == 400
