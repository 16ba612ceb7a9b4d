"""What usage costs: blocks and increments, sessions, services, currencies, taxes, charges and credits."""

import itertools
import json

import pytest

from blackbox import DE, ES, FR, JP, NL, kilobytes, megabytes, money, monthly

ANY_SERVICE = ["data", "voice_mo", "voice_mt", "sms_mo", "sms_mt"]


def used(customer, cap="monthly"):
    return customer.cap(cap)["used"]


@pytest.mark.parametrize("records, total", [
    ([(None, 1)], "0.10"),  # the minimum: 100 KB
    ([(None, kilobytes(100))], "0.10"),
    ([(None, kilobytes(100) + 1)], "0.11"),  # one increment of 10 KB on top
    ([(None, 1), (None, 1)], "0.20"),  # a record without a session is its own
    ([("a", 1), ("a", 1)], "0.10"),
    ([("a", 1), ("b", 1)], "0.20"),
    ([("a", kilobytes(60)), ("a", kilobytes(60))], "0.12"),
    ([("a", kilobytes(100)), ("a", 1), ("a", kilobytes(10) - 1)], "0.11"),
    ([("a", 0)], "0.00"),
    ([("a", kilobytes(100)), ("a", 0)], "0.10"),
    ([(None, megabytes(1))], "1.03"),  # 1,024 KB are 100 KB and 93 increments: 1,030 KB
], ids=str)
def test_a_segment_is_rounded_up_to_its_minimum_and_then_to_its_increment(service, records, total):
    customer = service.customer(caps=[monthly("50.00")])
    for session, quantity in records:
        customer.usage(quantity, ES, **({"session": session} if session else {}))
    assert used(customer) == money(total)


@pytest.mark.parametrize("order", itertools.permutations([1, kilobytes(99), kilobytes(35)]), ids=str)
def test_the_order_of_a_sessions_records_does_not_matter(service, order):
    customer = service.customer(caps=[monthly("50.00")])
    for quantity in order:
        customer.usage(quantity, ES, session="s")
    assert used(customer) == money("0.14")


def test_a_session_on_another_network_is_another_segment(service):
    customer = service.customer(caps=[monthly("50.00")])
    customer.usage(1, ES, session="s")
    customer.usage(1, FR, session="s")
    customer.usage(1, ES, session="s")
    assert used(customer) == money("1.10")


@pytest.mark.parametrize("name, quantity, called, total", [
    ("voice_mo", 1, "home", "0.30"),
    ("voice_mo", 60, "home", "0.30"),
    ("voice_mo", 120, "home", "0.60"),
    ("voice_mo", 60, "premium", "6.00"),
    ("voice_mo", 60, None, "6.00"),  # an unknown number is taken for the dearest
    ("voice_mt", 10, None, "0.01"),
    ("voice_mt", 60, None, "0.06"),
    ("sms_mo", 3, None, "0.60"),
    ("sms_mt", 3, None, "0.00"),
    ("data", 1, None, "1.00"),
    ("data", megabytes(1) + 1, None, "2.00"),
])
def test_each_service_has_its_price(service, name, quantity, called, total):
    customer = service.customer(caps=[monthly("50.00", services=ANY_SERVICE)])
    customer.usage(quantity, FR, name, **({"called": called} if called else {}))
    assert used(customer) == money(total)


@pytest.mark.parametrize("plmn, currency, total", [
    (FR, "GBP", "1.00"), (FR, "EUR", "1.20"), (DE, "EUR", "2.40"), (DE, "GBP", "2.00")])
def test_a_price_is_converted_to_the_currency_of_the_cap(service, plmn, currency, total):
    customer = service.customer(caps=[monthly("50.00", currency=currency)])
    customer.usage(megabytes(1), plmn)
    assert used(customer) == money(total, currency)


@pytest.mark.parametrize("plmn, megabytes_used, tax, percent", [
    (FR, 6, "incl", 60), (FR, 6, "excl", 50), (NL, 6, "excl", 60), (NL, 5, "incl", 60)])
def test_the_percentage_is_on_the_tax_basis_of_the_cap(service, plmn, megabytes_used, tax, percent):
    customer = service.customer(caps=[monthly(tax=tax)])
    customer.usage(megabytes(megabytes_used), plmn)
    assert customer.cap()["percent"] == percent


def test_a_threshold_on_net_money_is_reached_exactly(service):
    customer = service.customer(caps=[monthly(tax="excl", thresholds=[80, 100])])
    assert customer.usage(megabytes(9), FR)["outcome"] == "welcomed"  # 7.50 net
    result = customer.usage(megabytes(3), FR)  # 10.00 net
    assert "cap_reached" in result["outcomes"]
    assert result["caps"][0]["percent"] == 100


# ---- what the platform says it charged


@pytest.mark.parametrize("charged, charged_as, total", [
    ("1.50", None, "1.50"), ("0.50", None, "1.00"), ("1.00", "tariff", "1.00"),
    ("0.00", "allowance", "0.00"), ("0.40", "allowance", "0.40"), ("0.00", "free", "0.00")])
def test_protection_counts_the_higher_of_rated_and_charged_as_tariff_and_else_what_was_charged(
        service, charged, charged_as, total):
    customer = service.customer(caps=[monthly()])
    said = {"charged": money(charged), **({"chargedAs": charged_as} if charged_as else {})}
    customer.usage(megabytes(1), FR, **said)
    assert used(customer) == money(total)


@pytest.mark.parametrize("charged, listed", [("1.00", False), ("1.04", False), ("1.50", True), ("0.50", True)])
def test_a_charge_that_differs_from_the_tariff_beyond_tolerance_is_listed(service, charged, listed):
    customer = service.customer()
    identity = customer.profile()["id"]
    session = f"session-{identity}"
    customer.usage(megabytes(1), FR, session=session, charged=money(charged))
    items = json.dumps(service.items("/v1/billing/mismatches"))
    assert any(f'"{name}"' in items for name in (session, identity, customer.msisdn)) == listed


def credit(customer, amount):
    return customer.usage(0, FR, charged=money("-" + amount))


def test_a_credit_lowers_the_sum_and_rearms_no_threshold(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(8), FR)
    before = len(customer.notifications())
    assert credit(customer, "5.00")["caps"][0]["used"] == money("3.00")
    again = customer.usage(megabytes(6), FR)
    assert again["outcome"] == "counted"
    assert again["caps"][0]["used"] == money("9.00")
    assert len(customer.notifications()) == before


def test_a_sum_is_never_shown_below_zero_but_kept_beneath(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(1), FR)
    assert credit(customer, "4.00")["caps"][0]["used"] == money("0.00")
    assert customer.usage(megabytes(2), FR)["caps"][0]["used"] == money("0.00")
    assert customer.usage(megabytes(3), FR)["caps"][0]["used"] == money("2.00")


def test_a_credit_releases_no_hold(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(10), FR)
    assert credit(customer, "8.00")["data"] == "held"


# ---- the sum does not depend on order


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5], ids=str)
def test_any_order_of_arrival_makes_the_same_spend(service, order):
    customer = service.customer(caps=[monthly("50.00")])
    events = [customer.usage_event(megabytes(1), FR), customer.usage_event(kilobytes(60), ES, session="s"),
              customer.usage_event(megabytes(2), JP), customer.usage_event(kilobytes(60), ES, session="s")]
    for index in order:
        customer.tell(events[index])
    assert used(customer) == money("7.12")
