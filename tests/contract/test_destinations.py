"""Where the traveller is: the place of an event, and the reasoning shown by destinations/resolve."""

import pytest

from blackbox import AEROMOBILE, IRIDIUM, JP, MCP, SWISSCOM, megabytes, money, monthly

SWEDISH, SWISS, JAPANESE, NOWHERE = "89.160.20.112", "2a02:d000::1", "2001:218::1", "192.0.2.1"


def resolved(service, **params):
    response = service.get("/v1/destinations/resolve", params=params)
    assert response.status_code == 200, response.text
    answer = response.json()
    return answer.get("destination", answer)


@pytest.mark.parametrize("params, expected", [
    (dict(mcc="440", mnc="10"), {"country": "JP", "class": "terrestrial", "basis": "plmn", "plmn": "440-10"}),
    (dict(mcc="208", mnc="09"), {"country": "FR", "class": "terrestrial", "basis": "plmn"}),
    (dict(mcc="310", mnc="410"), {"country": "US", "class": "terrestrial", "basis": "plmn"}),
    (dict(mcc="262", mnc="98"), {"country": "DE", "class": "terrestrial", "basis": "mcc"}),
    (dict(mcc="901", mnc="14"), {"class": "inflight", "basis": "plmn"}),
    (dict(mcc="901", mnc="12"), {"class": "maritime", "basis": "plmn"}),
    (dict(mcc="901", mnc="03"), {"class": "satellite", "basis": "plmn"}),
    (dict(mcc="001", mnc="01"), {"class": "test"}),
    (dict(mcc="999", mnc="99"), {"class": "test"}),
    (dict(mcc="234", mnc="15"), {"class": "home", "country": "GB"}),
    (dict(mcc="208", mnc="09", homeCountry="FR"), {"class": "home", "country": "FR"}),
    (dict(mcc="234", mnc="15", homeCountry="FR"), {"class": "terrestrial", "country": "GB"}),
    (dict(mcc="228", mnc="01", homeCountry="LI"), {"class": "home"}),
    (dict(mcc="228", mnc="01", homeCountry="CH"), {"class": "home"}),
    (dict(ip=SWEDISH, ipOf="serving_node"), {"country": "SE", "class": "terrestrial", "basis": "ip"}),
    (dict(ip=JAPANESE, ipOf="breakout"), {"country": "JP", "class": "terrestrial", "basis": "ip"}),
    (dict(ip=NOWHERE, ipOf="serving_node"), {"class": "unknown", "basis": "none"}),
    (dict(mcc="440", mnc="10", ip=SWEDISH, ipOf="serving_node"), {"country": "JP", "basis": "plmn"}),
    (dict(mcc="228", mnc="01", ip=SWISS, ipOf="serving_node"), {"country": "CH", "class": "terrestrial"}),
], ids=lambda value: " ".join(f"{k}={v}" for k, v in value.items()))
def test_a_place_is_resolved_by_rule(service, params, expected):
    place = resolved(service, **params)
    assert {name: place.get(name) for name in expected} == expected


@pytest.mark.parametrize("params, field", [
    (dict(mcc="20", mnc="09"), "mcc"), (dict(mcc="208", mnc="9"), "mnc"), (dict(ip="300.1.1.1"), "ip"),
    (dict(ip=SWEDISH, ipOf="phone"), "ipOf"), (dict(mcc="208", mnc="09", homeCountry="France"), "homeCountry")],
    ids=str)
def test_a_question_about_no_place_is_refused_and_the_parameter_named(service, params, field):
    response = service.get("/v1/destinations/resolve", params=params)
    assert response.status_code in (400, 422), response.text
    assert field in response.text


@pytest.mark.parametrize("ip_of", [None, "device"])
def test_an_ambiguous_network_is_the_dearest_candidate_and_lists_them_all(service, ip_of):
    customer = service.customer(caps=[monthly("50.00")])
    address = {"ipAddress": SWISS, "ipOf": ip_of} if ip_of else {}
    result = customer.attach(SWISSCOM, **address)
    assert result["destination"]["country"] == "LI"
    assert set(result["destination"]["candidates"]) == {"CH", "LI"}
    assert result["price"]["data"] == {"amount": "4.00", "currency": "GBP", "per": "MB"}
    assert customer.usage(megabytes(1), SWISSCOM)["caps"][0]["used"] == money("4.00")


@pytest.mark.parametrize("ip_of", ["serving_node", "breakout"])
def test_an_address_of_the_network_settles_an_ambiguous_one(service, ip_of):
    customer = service.customer()
    result = customer.attach(SWISSCOM, ipAddress=SWISS, ipOf=ip_of)
    assert result["destination"]["country"] == "CH"
    assert result["price"]["data"]["amount"] == "1.50"


def test_a_network_wins_over_an_address_that_disagrees(service):
    customer = service.customer()
    result = customer.attach(JP, ipAddress=SWEDISH, ipOf="serving_node")
    assert result["destination"]["country"] == "JP"
    assert result["destination"]["basis"] == "plmn"


def test_an_address_alone_places_an_attach(service):
    customer = service.customer()
    result = customer.attach(ipAddress=SWEDISH, ipOf="serving_node")
    assert result["outcome"] == "welcomed"
    assert (result["destination"]["country"], result["destination"]["basis"]) == ("SE", "ip")
    assert result["price"]["data"] == {"amount": "0.75", "currency": "GBP", "per": "MB"}


@pytest.mark.parametrize("plmn, kind, amount", [(AEROMOBILE, "inflight", "15.00"), (MCP, "maritime", "8.00"),
                                                (IRIDIUM, "satellite", "8.00")])
def test_a_network_off_the_ground_is_a_destination_of_its_own(service, plmn, kind, amount):
    result = service.customer().attach(plmn)
    assert result["destination"]["class"] == kind
    assert result["destination"]["plmn"] == plmn
    assert result["price"]["data"] == {"amount": amount, "currency": "GBP", "per": "MB"}


def test_an_address_of_the_device_alone_releases_no_hold(service):
    customer = service.customer()
    assert customer.attach(AEROMOBILE)["data"] == "held"
    customer.attach(ipAddress="2.125.160.216", ipOf="device")  # GB: home-routed traffic looks like home
    assert customer.peek()["data"] == "held"


def test_an_address_of_the_device_alone_ends_no_trip(service):
    customer = service.customer(caps=[monthly("50.00", period="trip")])
    customer.usage(megabytes(3), JP)
    customer.attach(ipAddress="2.125.160.216", ipOf="device")
    assert customer.usage(megabytes(1), JP)["caps"][0]["used"] == money("12.00")
