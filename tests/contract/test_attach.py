"""What an attach decides: welcomes, steering, flapping at a border, high-cost holds, coming home, the trip."""

import json
from datetime import timedelta

import pytest

from blackbox import (AEROMOBILE, BE, DE, ES, FR, FR_FREE, HOME, IT_TIM, IT_VODAFONE, JP, MCP, SE, US, amount_of,
                      megabytes, money, monthly, wait_for)


def minutes(count):
    return timedelta(minutes=count)


# ---- the welcome


def test_entering_a_country_sends_one_welcome_with_the_customers_own_prices(service):
    customer = service.customer(plan="gold")
    result = customer.attach(FR)
    assert result["outcome"] == "welcomed"
    assert result["price"]["data"] == {"amount": "0.50", "currency": "GBP", "per": "MB"}
    welcome = customer.notification("welcome")
    assert welcome["id"] == result["notifications"][0]["id"]
    assert "France" in welcome["text"]
    assert "0.50" in welcome["text"]
    assert "£" in welcome["text"] or "GBP" in welcome["text"]


def test_each_country_has_its_welcome(service):
    customer = service.customer()
    outcomes = [customer.attach(plmn)["outcome"] for plmn in (FR, DE, ES)]
    assert outcomes == ["welcomed"] * 3
    texts = [item["text"] for item in reversed(customer.notifications("welcome"))]
    assert [name in text for name, text in zip(("France", "Germany", "Spain"), texts)] == [True] * 3


def test_the_same_country_again_within_a_day_is_suppressed(service):
    customer = service.customer()
    customer.attach(FR, ago=timedelta(hours=26))
    customer.attach(DE, ago=timedelta(hours=20))
    assert customer.attach(FR, ago=timedelta(hours=3))["outcome"] == "welcome_suppressed"
    assert customer.kinds() == ["welcome", "welcome"]


def test_the_same_country_after_a_day_is_welcomed_again(service):
    customer = service.customer()
    customer.attach(FR, ago=timedelta(hours=60))
    customer.attach(DE, ago=timedelta(hours=40))
    assert customer.attach(FR, ago=timedelta(hours=20))["outcome"] == "welcomed"
    assert customer.kinds() == ["welcome"] * 3


def test_a_welcome_that_the_customer_switched_off_is_suppressed(service):
    customer = service.customer(optOut=["welcome"], caps=[monthly()])
    assert customer.attach(FR)["outcome"] == "welcome_suppressed"
    assert customer.notifications() == []
    assert customer.usage(megabytes(5), FR)["outcome"] == "threshold_reached"  # protection goes on


def test_networks_of_one_country_in_quick_succession_make_one_welcome(service):
    customer = service.customer()
    outcomes = [customer.attach(plmn)["outcome"] for plmn in (FR, FR_FREE, FR, FR_FREE)]
    assert outcomes == ["welcomed"] + ["welcome_suppressed"] * 3
    assert customer.kinds() == ["welcome"]


@pytest.mark.parametrize("first, second", [(IT_TIM, IT_VODAFONE), (IT_VODAFONE, IT_TIM)])
def test_the_welcome_shows_the_dearest_listed_price_of_a_country_whose_networks_differ(service, first, second):
    customer = service.customer()
    customer.attach(first)
    customer.attach(second)
    assert "6.75" in customer.notification("welcome")["text"]


def test_usage_is_still_rated_by_the_network_it_was_on(service):
    customer = service.customer(caps=[monthly("50.00")])
    customer.usage(megabytes(1), IT_TIM)
    assert customer.usage(megabytes(1), IT_VODAFONE)["caps"][0]["used"] == money("8.00")


def test_a_plan_row_wins_over_the_row_of_all_plans_and_a_country_over_its_zone(service):
    assert service.customer(plan="gold").attach(FR)["price"]["data"]["amount"] == "0.50"
    assert service.customer(plan="global").attach(FR)["price"]["data"]["amount"] == "1.00"
    assert service.customer().attach(SE)["price"]["data"]["amount"] == "0.75"


def test_a_number_that_no_profile_knows_is_welcomed_too(service):
    stranger = service.stranger()
    assert stranger.attach(FR)["outcome"] == "welcomed"
    assert len(stranger.notifications("welcome")) == 1


def test_a_number_that_no_profile_knows_has_the_home_of_its_prefix(service):
    stranger = service.stranger()
    stranger.msisdn = "+491713920007"
    assert stranger.attach(DE)["outcome"] == "returned_home"
    assert stranger.attach(FR)["outcome"] == "welcomed"


# ---- usage that acts as an attach


def test_foreign_usage_newer_than_the_known_place_acts_as_an_attach_first(service):
    customer = service.customer(caps=[monthly()])
    customer.home()
    result = customer.usage(megabytes(1), FR)
    assert result["outcome"] == "welcomed"
    assert set(result["outcomes"]) == {"welcomed", "counted"}
    assert result["caps"][0]["used"] == money("1.00")
    assert customer.attach(FR)["outcome"] == "welcome_suppressed"
    assert customer.kinds() == ["welcome"]


def test_foreign_usage_older_than_the_known_place_is_counted_and_no_attach(service):
    customer = service.customer(caps=[monthly("20.00")])
    customer.attach(FR, ago=minutes(3))
    result = customer.usage(megabytes(1), JP, ago=minutes(6))
    assert result["outcome"] == "counted"
    assert result["caps"][0]["used"] == money("3.00")
    assert customer.kinds() == ["welcome"]


def test_usage_in_a_high_cost_place_holds_data_and_asks(service):
    customer = service.customer(caps=[monthly("500.00")])
    result = customer.usage(megabytes(1), US)
    assert "confirmation_requested" in result["outcomes"]
    assert result["data"] == "held"
    assert result["caps"][0]["used"] == money("10.00")
    assert customer.kinds() == ["confirm_destination"]


# ---- at a border


def test_flapping_between_home_and_a_neighbour_sends_one_advice_and_no_welcome_a_flap(service):
    customer = service.customer()
    results = [customer.attach(plmn, ago=minutes(100 - 5 * n)) for n, plmn in enumerate([FR, HOME] * 5)]
    kinds = customer.kinds()
    assert kinds.count("inadvertent") == 1
    assert kinds.count("welcome") <= 1
    assert "inadvertent" in [result["outcome"] for result in results]


def test_flapping_to_a_country_that_is_no_neighbour_is_not_inadvertent(service):
    customer = service.customer()
    for n, plmn in enumerate([JP, HOME] * 5):
        customer.attach(plmn, ago=minutes(100 - 5 * n))
    assert customer.kinds() == ["welcome"]


def test_long_stays_on_both_sides_are_not_inadvertent(service):
    customer = service.customer()
    for n, plmn in enumerate([FR, HOME] * 4):
        customer.attach(plmn, ago=minutes(400 - 45 * n))
    assert customer.kinds() == ["welcome"]


def test_protection_goes_on_while_flapping(service):
    customer = service.customer(caps=[monthly()])
    for n, plmn in enumerate([FR, HOME] * 4):
        customer.attach(plmn, ago=minutes(50 - 5 * n))
    assert "threshold_reached" in customer.usage(megabytes(8), FR, ago=minutes(5))["outcomes"]


# ---- dear places


@pytest.mark.parametrize("plmn, price", [(AEROMOBILE, "15.00"), (MCP, "8.00"), (US, "10.00")])
def test_a_high_cost_place_holds_data_and_asks_with_the_whole_content_of_the_welcome(service, plmn, price):
    customer = service.customer(caps=[monthly("500.00")])
    result = customer.attach(plmn)
    assert result["outcome"] == "confirmation_requested"
    assert result["data"] == "held"
    assert result["confirmation"]
    assert [item["kind"] for item in result["notifications"]] == ["confirm_destination"]
    assert customer.kinds() == ["confirm_destination"]
    assert price in customer.notification("confirm_destination")["text"]
    assert customer.question()["kind"] == "confirm_destination"


@pytest.mark.parametrize("limit, data", [("4.99", "held"), ("5.00", "held"), ("5.01", "allowed")])
def test_a_price_at_or_above_the_customers_own_limit_is_high_cost(service, limit, data):
    customer = service.customer(highCostPerMegabyte=money(limit))
    assert customer.attach(BE)["data"] == data


def test_a_row_that_says_no_is_not_high_cost_whatever_it_costs(service):
    customer = service.customer(highCostPerMegabyte=money("0.10"))
    assert customer.attach(FR)["data"] == "allowed"


def test_an_unknown_place_is_held_and_priced_by_the_default_row(service):
    customer = service.customer(caps=[monthly("500.00")])
    result = customer.attach(ipAddress="192.0.2.1", ipOf="serving_node")
    assert result["destination"]["class"] == "unknown"
    assert result["destination"]["basis"] == "none"
    assert result["data"] == "held"
    assert result["price"]["data"] == {"amount": "8.00", "currency": "GBP", "per": "MB"}


def test_a_hold_is_listed_until_it_is_released(service):
    customer = service.customer()
    identity = customer.profile()["id"]

    def listed():
        held = json.dumps(service.items("/v1/holds"))
        return identity in held or customer.msisdn in held

    assert not listed()
    customer.attach(US)
    assert listed()
    customer.attach(FR)
    assert not listed()


def test_leaving_the_place_ends_its_hold(service):
    customer = service.customer()
    assert customer.attach(US)["data"] == "held"
    assert customer.attach(FR)["data"] == "allowed"


def test_an_early_return_finds_the_question_pending_and_holds_again(service):
    customer = service.customer()
    customer.attach(US)
    first = customer.question()["id"]
    customer.attach(FR)
    assert customer.attach(US)["data"] == "held"
    assert customer.question()["id"] == first


def test_using_on_is_never_consent(service):
    customer = service.customer(caps=[monthly("500.00")])
    customer.attach(US)
    for _ in range(3):
        assert customer.usage(megabytes(1), US)["data"] == "held"
    assert customer.question()["state"] == "pending"


def test_a_device_without_a_person_is_held_only_if_its_profile_says_so(service):
    assert service.customer(kind="m2m").attach(US)["data"] == "allowed"


# ---- home


def test_attaching_at_home_is_returned_home_and_nothing_is_held_there(service):
    customer = service.customer()
    assert customer.attach(US)["data"] == "held"
    result = customer.home()
    assert result["outcome"] == "returned_home"
    assert result["destination"]["class"] == "home"
    assert result["data"] == "allowed"


def test_a_cap_hold_sleeps_at_home_and_binds_again_abroad_asking_anew(service):
    customer = service.customer(caps=[monthly()])
    assert customer.usage(megabytes(10), FR)["data"] == "held"
    assert customer.home()["data"] == "allowed"
    result = customer.attach(FR)
    assert result["data"] == "held"
    assert customer.question()["kind"] == "confirm_cap"


@pytest.mark.parametrize("home_for, used", [(timedelta(hours=1), "8.00"), (timedelta(hours=15), "3.00")],
                         ids=["one hour", "fifteen hours"])
def test_a_trip_goes_on_unless_home_lasted_long_enough(service, home_for, used):
    customer = service.customer(caps=[monthly("50.00", period="trip")])
    customer.attach(FR, ago=timedelta(hours=30))
    customer.usage(megabytes(5), FR, ago=timedelta(hours=29))
    customer.home(ago=timedelta(hours=5) + home_for)
    customer.attach(FR, ago=timedelta(hours=5))
    assert customer.usage(megabytes(3), FR, ago=timedelta(hours=4))["caps"][0]["used"] == money(used)


def test_a_summary_follows_when_the_trip_ends_and_money_was_spent(service):
    spender, saver = service.customer(), service.customer()
    for customer, quantity in ((spender, megabytes(7)), (saver, 0)):
        customer.attach(FR, ago=timedelta(hours=20))
        customer.usage(quantity, FR, ago=timedelta(hours=19))
        customer.home(ago=timedelta(hours=10))
    [summary] = wait_for(lambda: spender.notifications("trip_summary"), 40, "the trip's summary")
    assert "7.00" in summary["text"]
    assert saver.notifications("trip_summary") == []


# ---- order


def test_the_final_place_is_the_latest_by_event_time_whatever_the_order_of_arrival(service):
    customer = service.customer(caps=[monthly("50.00")])
    for plmn, ago in ((FR, 7), (JP, 3), (DE, 5), (FR, 6)):
        customer.attach(plmn, ago=minutes(ago))
    used = amount_of(customer.usage(megabytes(1), ago=minutes(2))["caps"][0]["used"])
    assert used == 3  # JP
    welcomes = [item["text"] for item in customer.notifications("welcome")]
    assert len(welcomes) == len(set(welcomes))
